import { mkdir, open, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { VideoOutput } from "../../crds/outputs/video.ts";
import type { EngineContext, OpenedSource } from "../engine.ts";
import { NOT_UTF8 } from "../probe/log-reading.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { inputArguments, SUBTITLE_DEMUXERS } from "../probe/media-input.ts";
import { probe } from "../probe/probe.ts";
import type { DynamicRange, MediaRecord, TextStream } from "../probe/record.ts";
import { WorkFailure } from "../work-failure.ts";
import { ffmpegLimits, runFfmpeg } from "./ffmpeg.ts";
import { keepsHdr } from "./picture/picture-work.ts";
import { sameLanguage } from "./sound/sound.ts";
import { onPaper } from "./subtitles/paper-white.ts";
import { isTextSubtitle } from "./subtitles/subtitle-tracks.ts";

/** The files beside the source that an output is made with, opened and looked at. */
export interface Companions {
  watermarkPath?: string;
  /** ASS, made from whatever the subtitles were: the filter that draws them opens files by itself, unguarded. */
  subtitlePath?: string;
  /** A directory of the fonts that came with these subtitles. */
  fontsPath?: string;
  appended: { path: string; record: MediaRecord }[];
}

export const NO_COMPANIONS: Companions = { appended: [] };

/** @throws WorkFailure SourceNotFound, …, with the companion's path; MediaFailure where it is not what it should be. */
export async function openCompanions(
  context: EngineContext,
  opened: OpenedSource,
  { video, record }: { video: VideoOutput; record: MediaRecord },
): Promise<Companions> {
  const appended: Companions["appended"] = [];
  for (const path of video.append ?? []) {
    appended.push(await lookedAt(context, `append ${path}`, await beside(context, opened, path)));
  }
  for (const name of video.appendSources ?? []) {
    appended.push(await lookedAt(context, `appendSources ${name}`, await another(context, name)));
  }
  const { subtitles } = video.burnIn ?? {};
  return {
    appended,
    ...(video.watermark && {
      watermarkPath: await nameless(context, await beside(context, opened, video.watermark.path)),
    }),
    ...(subtitles &&
      (await drawable(context, opened, { subtitles, record, dynamicRange: rangeOf(record, video) }))),
  };
}

/** What the finished pictures are. */
const rangeOf = ({ video: [picture] }: MediaRecord, video: VideoOutput): DynamicRange =>
  picture && keepsHdr(picture, video) ? picture.dynamicRange : "SDR";

async function lookedAt(
  { signal }: EngineContext,
  what: string,
  path: string,
): Promise<Companions["appended"][number]> {
  try {
    return { path, record: await probe(path, signal) };
  } catch (error) {
    throw named(what, error);
  }
}

/** Says which of the files beside the source a failure is about. */
function named(what: string, error: unknown): unknown {
  if (error instanceof MediaFailure) error.message = `${what}: ${error.message}`;
  return error;
}

async function another(context: EngineContext, name: string): Promise<string> {
  const source = context.unit.companions?.find((companion) => companion.name === name);
  if (!source) throw new WorkFailure("InvalidUnit", `the unit does not say where its companion ${name} is`);
  return (await context.openSource(source)).path;
}

async function beside(context: EngineContext, { source }: OpenedSource, path: string): Promise<string> {
  if (!source.volume) {
    throw new WorkFailure(
      "InvalidOutputSpec",
      `${path} is looked for on the source's volume, and it has none`,
    );
  }
  return (await context.openSource({ name: source.name, volume: { ...source.volume, path } })).path;
}

/** ffmpeg takes a picture's name for a pattern of many files where it ends like one; by another name it looks inside. */
async function nameless({ scratchDir, unit }: EngineContext, path: string): Promise<string> {
  const link = join(scratchDir, `watermark-${unit.attempt}`);
  await rm(link, { force: true });
  await symlink(path, link);
  return link;
}

type Wish = NonNullable<NonNullable<VideoOutput["burnIn"]>["subtitles"]>;

async function drawable(
  context: EngineContext,
  opened: OpenedSource,
  {
    subtitles: { path, language },
    record,
    dynamicRange,
  }: { subtitles: Wish; record: MediaRecord; dynamicRange: DynamicRange },
): Promise<Pick<Companions, "subtitlePath" | "fontsPath">> {
  const target = join(context.scratchDir, `burn-in-${context.unit.attempt}.ass`);
  const fontsPath = join(context.scratchDir, `fonts-${context.unit.attempt}`);
  const fonts = path ? [] : record.attachments;
  if (fonts.length > 0) await mkdir(fontsPath, { recursive: true });
  const input = path
    ? inputArguments(await beside(context, opened, path), { demuxers: SUBTITLE_DEMUXERS })
    : inputArguments(opened.path, { options: ["-vn", "-an", ...attachmentsTo(fontsPath, fonts)] });
  const index = path ? 0 : textTrack(record, language).index;
  const what = `burnIn.subtitles ${path ?? "of the source"}`;
  const { lostTexts } = await runFfmpeg({
    ...ffmpegLimits(context),
    arguments: [...input, "-map", `0:${index}`, "-c:s", "ass", "-f", "ass", `file:${target}`],
  }).catch((error: unknown) => {
    throw named(what, path ? asSubtitles(error) : error);
  });
  if (lostTexts > 0) throw new MediaFailure("InvalidOutputSpec", `${what}: ${NOT_UTF8}`);
  if (!(await hasText(target))) throw new MediaFailure("InvalidOutputSpec", `${what} hold no text`);
  if (dynamicRange !== "SDR") await writeFile(target, onPaper(await readFile(target, "utf8"), dynamicRange));
  return { subtitlePath: target, ...(fonts.length > 0 && { fontsPath }) };
}

/** Options of an input that write its attachments, by names of our own: theirs may be any path. */
const attachmentsTo = (directory: string, attachments: readonly TextStream[]): string[] =>
  attachments.flatMap(({ index }) => [`-dump_attachment:${index}`, join(directory, `${index}`)]);

/** What ffmpeg cannot read at all is none of the formats that it may look for. */
function asSubtitles(error: unknown): unknown {
  if (!(error instanceof MediaFailure) || error.reason !== "EngineFailed") return error;
  if (!error.log.some((line) => line.includes("Invalid data found when processing input"))) return error;
  const message = `it holds no subtitles in SubRip, WebVTT or SubStation Alpha, or ${NOT_UTF8}`;
  return new MediaFailure("UnsupportedFormat", message, error.log);
}

/** SubStation Alpha has a head of styles, and a line for each text that is shown. */
async function hasText(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    for await (const line of file.readLines()) if (line.startsWith("Dialogue:")) return true;
    return false;
  } finally {
    await file.close();
  }
}

function textTrack({ subtitles }: MediaRecord, language: string | undefined): TextStream {
  const texts = subtitles
    .filter(isTextSubtitle)
    .filter((track) => !language || sameLanguage(track.language, language));
  const track = texts.find(({ isDefault }) => isDefault) ?? texts[0];
  if (track) return track;
  const wanted = language ? `no text subtitles in '${language}'` : "no text subtitles";
  throw new MediaFailure(
    "InvalidOutputSpec",
    `burnIn.subtitles: the source has ${wanted}; name a file by path`,
  );
}
