import { ffprobeLines } from "../probe/ffprobe.ts";
import { inputArguments } from "../probe/media-input.ts";
import type { VideoStream } from "../probe/record.ts";
import { type FfmpegLimits, type FfmpegReport, runFfmpeg } from "./ffmpeg.ts";
import type { Rendition } from "./rendition.ts";
import {
  declaredBy,
  lengthDifferences,
  type MadePictures,
  type Packet,
  type Shown,
  shownBy,
} from "./time/picture-length.ts";
import { perSecond, steadyRate } from "./time/timing.ts";

/**
 * Whether pictures last as long as they must, to the frame. A source promises that by what its container declares, which
 * may be wrong: before a file is refused the source's packets are asked, and whether all of them decode.
 */

/**
 * What is wrong with the length of the pictures; nothing where the source does not tell it to the frame: its rate varies,
 * frames are missing or damaged, their times jump or are not told.
 */
export async function otherLength(
  made: MadePictures,
  rendition: Rendition,
  { sourcePath, report, run }: { sourcePath: string; report: FfmpegReport; run: FfmpegLimits },
): Promise<string[]> {
  const { picture, endSeconds, appended, companions, output } = rendition;
  if (output.codec === "copy" || report.cutShortLines + report.damagedLines > 0) return [];
  const declared = declaredBy(picture, endSeconds);
  if (!declared || lengthDifferences(made, rendition, declared).length === 0) return [];
  for (const [at, { path }] of companions.appended.entries()) {
    const other = appended[at];
    if (other && !(await keepsItsWord(path, other, run))) return [];
  }
  const held = await heldPictures(sourcePath, picture, { declared, run });
  return held ? lengthDifferences(made, rendition, held) : [];
}

/** Whether an appended file lasts as long as it declares, to the frame. */
async function keepsItsWord(
  path: string,
  { picture, seconds }: Rendition["appended"][number],
  run: FfmpegLimits,
): Promise<boolean> {
  const declared = declaredBy(picture, seconds);
  const held = declared && (await heldPictures(path, picture, { declared, run }));
  const rate = steadyRate(picture);
  if (!held || !rate) return false;
  return Math.abs(held.endSeconds - declared.endSeconds) * perSecond(rate) <= 1;
}

/** What a file holds of pictures, all of which decode; null where that is not told to the frame. */
async function heldPictures(
  path: string,
  picture: VideoStream,
  { declared, run }: { declared: Shown; run: FfmpegLimits },
): Promise<Shown | null> {
  const rate = steadyRate(picture);
  if (!rate) return null;
  const packets = await packetsOf(path, picture, run.signal);
  const startSeconds = (picture.startSeconds ?? 0) - declared.firstSeconds;
  const held = shownBy(packets, { rate, startSeconds });
  const frames = packets.filter(({ flags }) => !flags.includes("D")).length;
  return held && (await allDecode(path, picture, { frames, run })) ? held : null;
}

async function packetsOf(path: string, { index }: VideoStream, signal: AbortSignal): Promise<Packet[]> {
  const packets: Packet[] = [];
  await ffprobeLines(path, {
    signal,
    sections: ["-select_streams", `${index}`, "-show_entries", "packet=pts_time,duration_time,flags"],
    onLine: (line) => {
      if (line === "") return; // where packets of transport streams tell of more
      const [time = "", length = "", flags = ""] = line.split(",");
      packets.push({ seconds: Number.parseFloat(time), lastsSeconds: Number.parseFloat(length), flags });
    },
  });
  return packets;
}

/** Decoders leave out frames of which they have not all, and do not tell of each. */
async function allDecode(
  path: string,
  { index }: VideoStream,
  { frames, run }: { frames: number; run: FfmpegLimits },
): Promise<boolean> {
  const { progress, damagedLines } = await runFfmpeg({
    ...run,
    arguments: [
      ...inputArguments(path, { options: ["-threads", `${run.threads}`] }),
      ...["-map", `0:${index}`, "-fps_mode:v", "passthrough", "-enc_time_base:v", "-1", "-f", "null", "-"],
    ],
  });
  return damagedLines === 0 && progress?.frames === frames;
}
