import { inputArguments } from "../../probe/media-input.ts";
import { FROM_THE_START, lastingFilters } from "../sound/sound.ts";
import type { Span } from "./timing.ts";

/** How the parts of a source that are kept reach ffmpeg: each is an input of its own, joined by a filter. */

/** Opens the source once, or once for each span: a seek costs less than decoding what lies between. */
export function sourceInputs(
  spans: readonly Span[],
  { sourcePath, threads }: { sourcePath: string; threads: number },
  more: readonly string[] = [],
): string[] {
  const common = ["-threads", `${threads}`, ...more];
  if (spans.length === 0) return inputArguments(sourcePath, { options: common });
  return spans.flatMap(({ startSeconds, endSeconds }) =>
    inputArguments(sourcePath, {
      options: [
        ...common,
        ...["-ss", seconds(startSeconds)],
        ...(endSeconds === undefined ? [] : ["-t", seconds(endSeconds - startSeconds)]),
      ],
    }),
  );
}

/**
 * The graph of one track: its spans joined, then its filters. Beside pictures, which are joined apart from it, the sound
 * of a span lasts as long as they do, even where the track ends early or begins late.
 */
export function soundGraph(wish: {
  spans: readonly Span[];
  index: number;
  label: string;
  filters: readonly string[];
  besidePictures?: boolean;
}): string {
  const { spans, index, label, filters, besidePictures = false } = wish;
  if (spans.length <= 1) return `[0:${index}]${filters.join(",")}[${label}]`;
  const inputs = spans.map((_, input) => `[${input}:${index}]`);
  const pads = besidePictures ? spans.map((_, input) => `[${label}span${input}]`) : inputs;
  const parts = besidePictures
    ? spans.map(({ startSeconds, endSeconds }, input) => {
        const isFollowed = input < spans.length - 1 && endSeconds !== undefined;
        const lasting = isFollowed ? lastingFilters(endSeconds - startSeconds) : [];
        return `${inputs[input]}${[FROM_THE_START, ...lasting].join(",")}${pads[input]};`;
      })
    : [];
  return `${parts.join("")}${pads.join("")}concat=n=${spans.length}:v=0:a=1,${filters.join(",")}[${label}]`;
}

/** Microseconds are what ffmpeg keeps; more digits would only be cut. */
const seconds = (value: number): string => value.toFixed(6).replace(/\.?0+$/, "");
