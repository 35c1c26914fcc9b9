import type { VideoOutput } from "../../../crds/outputs/video.ts";
import { NOT_UTF8 } from "../../probe/log-reading.ts";
import type { MediaRecord, TextStream } from "../../probe/record.ts";
import type { FfmpegReport } from "../ffmpeg.ts";

/** Subtitles: text, which can be converted and written to a file, and pictures, which can only be kept as they are. */

const TEXT_SUBTITLES = new Set(["subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"]);

export const isTextSubtitle = ({ codec }: TextStream): boolean => TEXT_SUBTITLES.has(codec ?? "");

interface Warning {
  reason: string;
  message: string;
}

type Container = VideoOutput["container"];

/** What text becomes in each container. */
const TEXT_CODECS: Record<Container, string> = {
  mp4: "mov_text",
  mov: "mov_text",
  mkv: "subrip",
  webm: "webvtt",
};

/** What Matroska holds as it is: SubStation Alpha with its styles, and pictures. */
const KEPT_BY_MATROSKA = new Set([
  ...["subrip", "srt", "ass", "ssa", "webvtt", "text"],
  ...["hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"],
]);

const keepsAsItIs = ({ codec }: TextStream, container: Container): boolean =>
  container === "mkv" && KEPT_BY_MATROSKA.has(codec ?? "");

/**
 * The tracks that a container holds, converted where it has to be, and a warning of the others; with SubStation Alpha
 * the fonts that came with it.
 */
export function keptSubtitles(
  { subtitles, attachments }: Pick<MediaRecord, "subtitles" | "attachments">,
  { container }: Pick<VideoOutput, "container">,
): { kept: TextStream[]; fonts: TextStream[]; warnings: Warning[] } {
  const kept = subtitles.filter((track) => isTextSubtitle(track) || keepsAsItIs(track, container));
  const others = subtitles.filter((track) => !kept.includes(track));
  const message = `${others.length} subtitle track(s) are pictures (${others[0]?.codec}), which ${container} cannot take as text`;
  const styled = container === "mkv" && subtitles.some(({ codec }) => codec === "ass" || codec === "ssa");
  return {
    kept,
    fonts: styled ? attachments : [],
    warnings: others.length > 0 ? [{ reason: "SubtitlesLeftOut", message }] : [],
  };
}

/** The warning that a run left out texts of the source; undefined when it did not. */
export function lostTextsOf({ lostTexts }: Pick<FfmpegReport, "lostTexts">): Warning | undefined {
  if (lostTexts === 0) return undefined;
  return { reason: "SubtitlesDamaged", message: `${lostTexts} line(s) are left out: ${NOT_UTF8}` };
}

/** Maps the tracks of the source, each with its codec, and their fonts. */
export function subtitleArguments(
  { subtitles, fonts }: { subtitles: readonly TextStream[]; fonts: readonly TextStream[] },
  container: Container,
): string[] {
  const codecs = subtitles.map((track) => (keepsAsItIs(track, container) ? "copy" : TEXT_CODECS[container]));
  return [
    ...[...subtitles, ...fonts].flatMap(({ index }) => ["-map", `0:${index}`]),
    ...codecs.flatMap((codec, position) => [`-c:s:${position}`, codec]),
    ...(fonts.length > 0 ? ["-c:t", "copy"] : []),
  ];
}
