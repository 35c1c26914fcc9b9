import { inputArguments } from "../../probe/media-input.ts";
import type { MediaRecord, Rate } from "../../probe/record.ts";
import { isSeekable } from "../../probe/seekable.ts";
import { FROM_THE_START, lastingFilters } from "../sound/sound.ts";
import type { Span } from "./timing.ts";

/** How the parts of a source that are kept reach ffmpeg: each is an input of its own, joined by a filter. */

/** What is kept of a source. */
export interface Kept {
  /** Empty when all of it is. */
  spans: readonly Span[];
  /** Whether each span is gone to; else it is cut out of what is read from the start on. */
  seeks: boolean;
  /** The rate at which pictures of spans are taken; undefined where they are joined as they are. */
  spanRate?: Rate | undefined;
}

export const WHOLE: Kept = { spans: [], seeks: true };

/** Where there is no picture no keyframe is missed: any moment of sound is found, in every container. */
export const seeksSpans = (
  record: Pick<MediaRecord, "container" | "video">,
  spans: readonly Span[],
): boolean =>
  record.video.length === 0 ||
  (isSeekable(record) &&
    (record.container !== "avi" ||
      spans.every(({ startSeconds }) => startSeconds - LEAD_SECONDS >= EARLIEST_SEEK_SECONDS)));

/**
 * ffmpeg seeks 3/23 s further back where pictures are stored in another order than shown, and in an AVI there is
 * nothing before its start: the seek fails, and what follows is read from wherever the file has been read to.
 */
export const EARLIEST_SEEK_SECONDS = 0.2;

/**
 * How long before a span decoders begin. Without it the first 20 to 300 ms of AAC, MP3 and Opus are silence or
 * another sound than the whole file has there; 0.2 s were enough for all of them.
 */
const LEAD_SECONDS = 1;

/**
 * Opens the source once, or once for each span: a seek costs less than decoding what lies between. The offset gives
 * what leads to a span times below zero, and those ffmpeg drops after decoding, to the sample.
 */
export function sourceInputs(
  { spans, seeks, spanRate }: Kept,
  { sourcePath, threads }: { sourcePath: string; threads: number },
  more: readonly string[] = [],
): string[] {
  const common = ["-threads", `${threads}`, ...more];
  if (spans.length === 0) return inputArguments(sourcePath, { options: common });
  return spans.flatMap(({ startSeconds, endSeconds }) => {
    const lead = Math.min(LEAD_SECONDS, startSeconds);
    const from = seeks ? startSeconds : 0;
    return inputArguments(sourcePath, {
      options: [
        ...common,
        ...(seeks && spanRate ? ["-noaccurate_seek"] : []),
        ...(seeks ? ["-ss", seconds(startSeconds - lead)] : []),
        ...(seeks && lead > 0 ? ["-itsoffset", seconds(-lead)] : []),
        // counts from the first frame that is found, which may be one before
        ...(spanRate || endSeconds === undefined ? [] : ["-t", seconds(endSeconds - from)]),
      ],
    });
  });
}

/**
 * One stream of each span's input, as a filter graph names them; those that are read from before their start are cut
 * first. An offset in place of the filters would not do: ffmpeg takes one of 10 s for a gap in a transport stream.
 */
export function spanPads(
  { spans, seeks, spanRate }: Kept,
  { index, label, kind }: { index: number; label: string; kind: "video" | "audio" },
): { chains: string[]; pads: string[] } {
  if (spans.length === 0) return { chains: [], pads: [`[0:${index}]`] };
  const inputs = spans.map((_, input) => `[${input}:${index}]`);
  if (seeks && !spanRate) return { chains: [], pads: inputs };
  const pads = inputs.map((_, input) => `[${label}cut${input}]`);
  const isAtRate = spanRate && kind === "video";
  const chains = spans.map((span, input) => {
    const fromStart = seeks ? { startSeconds: 0, endSeconds: lengthOf(span) } : span;
    const filters = isAtRate ? atRate(fromStart, spanRate) : trimmed(fromStart, kind);
    return `${inputs[input]}${filters.join(",")}${pads[input]}`;
  });
  return { chains, pads };
}

/** The filter that joins the pictures of spans. What it adds up is only nearly as long as the spans are. */
export function joiningFilters({ spans, spanRate }: Kept): string[] {
  if (spans.length <= 1) return [];
  const counted = spanRate ? [`setpts=round(N*${spanRate.den}/${spanRate.num}/TB)`] : [];
  return [`concat=n=${spans.length}:v=1:a=0`, ...counted];
}

const lengthOf = ({ startSeconds, endSeconds }: Span): number | undefined =>
  endSeconds === undefined ? undefined : endSeconds - startSeconds;

/** What a span shows, from zero on: at first what was shown before it, and to its end what was shown last. */
function atRate(span: Span, { num, den }: Rate): string[] {
  const length = lengthOf(span);
  return [
    ...(span.startSeconds > 0 ? [`setpts=round(PTS-${seconds(span.startSeconds)}/TB)`] : []),
    `fps=${num}/${den}:start_time=0`,
    ...(length === undefined ? [] : [`trim=end=${seconds(length)}`]),
  ];
}

function trimmed({ startSeconds, endSeconds }: Span, kind: "video" | "audio"): string[] {
  const a = kind === "audio" ? "a" : "";
  const end = endSeconds === undefined ? "" : `:end=${seconds(endSeconds)}`;
  const moved = startSeconds > 0 ? [`${a}setpts=round(PTS-${seconds(startSeconds)}/TB)`] : [];
  return [`${a}trim=start=${seconds(startSeconds)}${end}`, ...moved];
}

/**
 * The graph of one track: its spans joined, then its filters. Beside pictures, which are joined apart from it, the sound
 * of a span lasts as long as they do, even where the track ends early or begins late.
 */
export function soundGraph(
  kept: Kept,
  wish: { index: number; label: string; filters: readonly string[]; besidePictures?: boolean },
): string {
  const { index, label, filters, besidePictures = false } = wish;
  const { spans } = kept;
  const { chains, pads: inputs } = spanPads(kept, { index, label, kind: "audio" });
  const graph = (...parts: string[]) => [...chains, ...parts].join(";");
  if (spans.length <= 1) return graph(`${inputs[0]}${filters.join(",")}[${label}]`);
  const pads = besidePictures ? spans.map((_, input) => `[${label}span${input}]`) : inputs;
  const parts = besidePictures
    ? spans.map(({ startSeconds, endSeconds }, input) => {
        const isFollowed = input < spans.length - 1 && endSeconds !== undefined;
        const lasting = isFollowed ? lastingFilters(endSeconds - startSeconds) : [];
        return `${inputs[input]}${[FROM_THE_START, ...lasting].join(",")}${pads[input]}`;
      })
    : [];
  const joined = `${pads.join("")}concat=n=${spans.length}:v=0:a=1,${filters.join(",")}[${label}]`;
  return graph(...parts, joined);
}

/** Microseconds are what ffmpeg keeps; more digits would only be cut. */
const seconds = (value: number): string => value.toFixed(6).replace(/\.?0+$/, "");
