import { inputArguments } from "../../probe/media-input.ts";
import type { AudioStream } from "../../probe/record.ts";
import { uploadFilters } from "../hardware/hardware.ts";
import type { Rendition } from "../rendition.ts";
import {
  appendedSoundFilters,
  delayFilters,
  lastingFilters,
  type MeasuredLoudness,
  silence,
  soundFilters,
} from "../sound/sound.ts";
import { joiningFilters, soundGraph, sourceInputs, spanPads } from "../time/spans.ts";
import { timecodeAfter } from "../time/timecode.ts";
import { perSecond } from "../time/timing.ts";
import { alphaDecoder } from "./alpha.ts";
import { pictureFilters } from "./filters.ts";
import { subtitleFilter, timecodeFilter, WATERMARK_DEMUXERS, watermarkGraph } from "./overlays.ts";

/** The filter graph of a rendition: pictures and sounds from their inputs to `[picture]`, `[sound0]`, …. */

/** All inputs in the order in which the graph counts them: the source or its spans, appended files, the watermark. */
export function inputsOf(rendition: Rendition, files: { sourcePath: string; threads: number }): string[] {
  return [
    ...sourceInputs(rendition, files, alphaDecoder(rendition)),
    ...companionInputs(rendition.companions, files.threads),
  ];
}

export function companionInputs(
  { appended, watermarkPath }: Rendition["companions"],
  threads: number,
): string[] {
  return [
    ...appended.flatMap(({ path }) => inputArguments(path, { options: ["-threads", `${threads}`] })),
    ...(watermarkPath ? inputArguments(watermarkPath, { demuxers: WATERMARK_DEMUXERS }) : []),
  ];
}

/** The pictures of the source's spans or of the source and what is appended, with everything drawn on them. */
export function pictureGraph(rendition: Rendition): string {
  const { picture, spans, work, appended, output, hardware, pixelFormat, size, companions } = rendition;
  const upload = hardware ? uploadFilters(hardware, pixelFormat) : [];
  const inputs = Math.max(1, spans.length);
  const own = [...pictureFilters(work), ...burnInFilters(rendition)];
  const parts: string[] = [];
  const chain = (from: string, filters: readonly string[], to: string) =>
    parts.push(`${from}${filters.join(",") || "null"}[${to}]`);

  const marked = output.watermark && companions.watermarkPath !== undefined;
  const drawn = marked ? "base" : "picture";
  const last = marked ? [] : upload;
  if (appended.length > 0) {
    chain(`[0:${picture.index}]`, own, "picture0");
    appended.forEach((each, place) => {
      chain(`[${inputs + place}:${each.picture.index}]`, pictureFilters(each.work), `picture${place + 1}`);
    });
    parts.push(...appendedSounds(rendition, inputs));
    parts.push(joined(rendition, drawn, last));
  } else {
    const { chains, pads } = spanPads(rendition, { index: picture.index, label: "picture", kind: "video" });
    const joining = joiningFilters(rendition);
    parts.push(...chains);
    chain(pads.join(""), [...joining, ...own, ...last], drawn);
  }

  if (marked && output.watermark) {
    const input = `${inputs + appended.length}:v`;
    const mark = watermarkGraph(output.watermark, {
      input,
      base: "base",
      size,
      pixelFormat,
      matrix: work.matrix ?? "bt709",
      dynamicRange: rendition.keepsHdr ? picture.dynamicRange : "SDR",
    });
    parts.push(`${[mark, ...upload].join(",")}[picture]`);
  }
  return parts.join(";");
}

/** The graph of one track, if it needs one of its own, and what to map. */
export function soundOf(
  { track, position, label = `sound${position}` }: { track: AudioStream; position: number; label?: string },
  rendition: Rendition,
  measured: MeasuredLoudness | undefined,
): { filters: string[]; map: string } {
  const { sound, appended, output } = rendition;
  if (!sound) return { filters: [], map: `0:${track.index}` };
  if (appended.length > 0) return { filters: [], map: `[${label}]` }; // it is joined with the pictures
  const filters = [...soundFilters(track, sound, measured), ...delayFilters(sound.codec, output.container)];
  const graph = soundGraph(rendition, { index: track.index, label, filters, besidePictures: true });
  return { filters: [graph], map: `[${label}]` };
}

/**
 * The first track of each file in the format of the first that has one; silence where it has none. Each lasts as long as its
 * pictures, to the sample: codecs pad the end of a track, and what follows would begin late by that.
 */
function appendedSounds(rendition: Rendition, inputs: number): string[] {
  const { sound, appended, endSeconds, fps } = rendition;
  const [track] = rendition.tracks;
  if (!track || !sound || !fps) return [];
  const lasting = (seconds: number | null) =>
    seconds === null ? [] : lastingFilters(Math.round(seconds * perSecond(fps)) / perSecond(fps));
  const isOwn = !appended.some((each) => each.track === track);
  const parts = [
    { input: 0, from: isOwn ? track : undefined, seconds: endSeconds, filters: soundFilters(track, sound) },
    ...appended.map((each, place) => ({
      ...{ input: inputs + place, from: each.track, seconds: each.seconds },
      filters: appendedSoundFilters(track, sound),
    })),
  ];
  return parts.map(({ input, from, seconds, filters }, place) => {
    const heard = from ? [`[${input}:${from.index}]${filters.join(",")}`] : [silence(track, sound)];
    return `${[...heard, ...lasting(seconds)].join(",")}[part${place}]`;
  });
}

/** One concat for both, so that each file's sound begins with its pictures however long the one before was. */
function joined(
  { appended, tracks, sound, output }: Rendition,
  drawn: string,
  last: readonly string[],
): string {
  const heard = tracks.length > 0 && sound;
  const pads = Array.from(
    { length: appended.length + 1 },
    (_, place) => `[picture${place}]${heard ? `[part${place}]` : ""}`,
  );
  const after = heard ? delayFilters(sound.codec, output.container) : [];
  return [
    `${pads.join("")}concat=n=${pads.length}:v=1:a=${heard ? 1 : 0}[joined]${heard ? "[heard]" : ""}`,
    `[joined]${last.join(",") || "null"}[${drawn}]`,
    ...(heard ? [`[heard]${after.join(",") || "anull"}[sound0]`] : []),
  ].join(";");
}

function burnInFilters(rendition: Rendition): string[] {
  const { output, companions, fps, size, work, burnedTimecode, keepsHdr, picture } = rendition;
  const dynamicRange = keepsHdr ? picture.dynamicRange : "SDR";
  const { timecode } = output.burnIn ?? {};
  const first = work.window?.startSeconds ?? 0;
  // The first frame of a part is the one at or after its start, and the filter counts from there.
  const firstSeconds = fps ? Math.ceil(first * perSecond(fps) - 1e-6) / perSecond(fps) : first;
  const start = fps && burnedTimecode ? timecodeAfter(burnedTimecode, firstSeconds, fps) : undefined;
  return [
    ...(companions.subtitlePath ? [subtitleFilter(companions.subtitlePath, companions.fontsPath)] : []),
    ...(timecode && fps && start
      ? [timecodeFilter(timecode, { start, rate: fps, picture: size, dynamicRange })]
      : []),
  ];
}
