import type { FailureReason } from "../../../crds/failures.ts";
import { WorkFailure } from "../../work-failure.ts";
import type { ImageKind } from "./signature.ts";

const TIME_RAN_OUT = /timeout/i;
const MEMORY_RAN_OUT = /out of memory|unable to allocate|cannot allocate|malloc/i;

/**
 * What libvips' messages mean. They are one text for many loaders, often several lines; the first line that
 * matches decides, so what is certain stands above what is only likely.
 */
const READINGS: readonly { pattern: RegExp; reason: FailureReason; sentence: string }[] = [
  {
    pattern:
      /exceeds pixel limit|too many pixels|dimensions? (exceed|too large)|exceeds? .*limit|too large|Maximum supported/i,
    reason: "SourceTooLarge",
    sentence: "it has more pixels, channels or bytes than are allowed",
  },
  {
    pattern:
      /premature end|unexpected end|out of data|truncated|cannot read full|outside of file bounds|end of (file|stream)|not enough data|insufficient/i,
    reason: "SourceTruncated",
    sentence: "it ends too early; the upload may not have ended",
  },
  {
    pattern:
      /unsupported image format|not a known file format|Unsupported (codec|feature)|No decoding plugin|not support/i,
    reason: "UnsupportedFormat",
    sentence: "it cannot be decoded by this worker",
  },
  {
    pattern: TIME_RAN_OUT,
    reason: "SourceTooLarge",
    sentence: "it took too long to decode; it may be made to do so",
  },
  {
    pattern: MEMORY_RAN_OUT,
    reason: "MemoryLimitExceeded",
    sentence: "memory ran out while it was decoded",
  },
];

/** Whether a pipeline ended for want of time or memory, which neither its source nor its settings need be wrong for. */
export const ranOut = (error: unknown): boolean =>
  TIME_RAN_OUT.test(messageOf(error)) || MEMORY_RAN_OUT.test(messageOf(error));

/** An error of libvips while it read a source, as a failure that says what is wrong with the file. */
export function decodeFailure(
  error: unknown,
  { what, kind, cutShort }: { what: string; kind: ImageKind; cutShort: boolean },
): WorkFailure {
  const said = messageOf(error);
  const reading = READINGS.find(({ pattern }) => pattern.test(said));
  const { reason, sentence } =
    reading && (reading.reason !== "UnsupportedFormat" || !cutShort)
      ? reading
      : cutShort
        ? { reason: "SourceTruncated" as const, sentence: "it ends too early; the upload may not have ended" }
        : { reason: "SourceCorrupt" as const, sentence: "its content is damaged" };
  const lines = said
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/bad seek/.test(line));
  return new WorkFailure(
    reason,
    `${what} is ${kind.toUpperCase()}, but ${sentence} (${kind === "heic" ? "libheif" : "libvips"}: ${lines.at(-1) ?? "no message"})`,
    { cause: error },
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : `${error}`);
