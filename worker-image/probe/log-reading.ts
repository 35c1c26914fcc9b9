import type { FailureReason } from "../../crds/failures.ts";

/** What a line of ffmpeg's or ffprobe's log means, and what a person can do about it. */
interface Reading {
  pattern: RegExp;
  reason: FailureReason;
  sentence: string;
}

/** A line of subtitles that ffmpeg leaves out; it fails only where it leaves out most. */
const LOST_TEXT = /Invalid UTF-8 in decoded subtitles text/;

export const NOT_UTF8 =
  "subtitles are not UTF-8; convert them to it first, e.g. with iconv -f WINDOWS-1252 -t UTF-8";

/**
 * Lines that explain a failure, the decisive first: a full disk also makes an output "invalid", so it is asked
 * before the input is blamed. The texts are those of ffmpeg 4.4 to 7; a new version that words one differently
 * falls back to `EngineFailed`, which shows the line.
 */
const READINGS: readonly Reading[] = [
  {
    pattern: /No space left on device|Disk quota exceeded/,
    reason: "DiskFull",
    sentence: "the disk is full; free space at the destination or raise the unit's scratch limit",
  },
  {
    pattern: /Cannot allocate memory|Error allocating|malloc of size \d+ failed|std::bad_alloc/,
    reason: "MemoryLimitExceeded",
    sentence: "there was not enough memory; raise spec.resources.memoryMultiplier",
  },
  {
    pattern: /exceeds specified max pixel count|Picture size \d+x\d+ is invalid|image size too large/i,
    reason: "SourceTooLarge",
    sentence: "a frame is larger than 8192 × 8192 pixels, which is the limit; scale the source down first",
  },
  {
    pattern:
      /Cannot load libcuda|No capable devices found|No NVENC capable|OpenEncodeSessionEx failed|Driver does not support|No VA display found|Failed to initialise VAAPI|Error (?:creating|initializing) (?:a|an internal) MFX session|Device creation failed/,
    reason: "HardwareUnavailable",
    sentence:
      "the hardware encoder is missing or refused to start; the CPU can do it with placement.gpu: Never",
  },
  {
    pattern: /Unknown encoder '|Encoder not found|Automatic encoder selection failed/,
    reason: "EncoderMissing",
    sentence: "this build of ffmpeg lacks the encoder; choose another codec or another worker image",
  },
  {
    pattern: /No such filter: '/,
    reason: "EncoderMissing",
    sentence: "this build of ffmpeg lacks a filter the output needs; choose another worker image",
  },
  {
    pattern: /Format not on whitelist|Protocol '.*' not on whitelist/,
    reason: "UnsupportedFormat",
    sentence:
      "the file is a list of other files (a playlist or manifest) or of an unsupported kind, not media; give the media file itself",
  },
  {
    pattern: /moov atom not found/,
    reason: "SourceTruncated",
    sentence:
      "the file ends before its index (moov): the recording or the copy was cut short; copy it again or repair it",
  },
  {
    pattern: /Decoder \(codec [^)]*\) not found|no decoder found for|Decoder not found|Unknown decoder/i,
    reason: "UnsupportedFormat",
    sentence: "no decoder is known for a stream that is needed; convert the source to a common codec first",
  },
  {
    pattern:
      /Could not find tag for codec|codec not currently supported in container|Only .* (?:are|is) supported/,
    reason: "InvalidOutputSpec",
    sentence: "the container does not take a stream of this codec; choose another container or codec",
  },
  {
    pattern: /Input\/output error/,
    reason: "StorageError",
    sentence: "the storage answered with an error while media was read or written",
  },
  {
    pattern: /Permission denied/,
    reason: "SourceUnreadable",
    sentence: "the file may not be read; check its owner and mode",
  },
  { pattern: LOST_TEXT, reason: "InvalidOutputSpec", sentence: NOT_UTF8 },
];

/** Lines that tell that the media ended before it should have, though ffmpeg goes on and exits 0. */
const CUT_SHORT =
  /partial file|File ended prematurely|Truncat(?:ed|ing) (?:packet|file|atom)|moov atom not found/;

/** Lines that tell of damage inside the media, which ffmpeg conceals or skips. */
const DAMAGED =
  /corrupt|Invalid NAL|error while decoding|Error while decoding|Error submitting packet to decoder|concealing \d+|missing picture|Invalid data found when processing input|non monoton/i;

/** What a failed run's log says, and by which line; undefined when no line is understood. */
export function explainLog(
  log: readonly string[],
): { reason: FailureReason; sentence: string; line: string } | undefined {
  for (const { pattern, reason, sentence } of READINGS) {
    const line = log.find((each) => pattern.test(each));
    if (line !== undefined) return { reason, sentence, line: withoutComponents(line).slice(0, 400) };
  }
  return undefined;
}

export const tellsError = (line: string): boolean => /\[(error|fatal|panic)\]/.test(line);
export const tellsCutShort = (line: string): boolean => CUT_SHORT.test(line);
export const tellsLostText = (line: string): boolean => LOST_TEXT.test(line);
export const tellsDamage = (line: string): boolean => DAMAGED.test(line) && !CUT_SHORT.test(line);

/** The last lines of severity error, without ffmpeg's component prefix; for the end of a message. */
export function lastErrors(log: readonly string[], count = 2): string {
  return log
    .filter(tellsError)
    .map(withoutComponents)
    .filter((text) => text !== "") // some of ffmpeg's errors have no words
    .slice(-count)
    .join("; ")
    .slice(0, 400);
}

const withoutComponents = (line: string): string => line.replace(/^(?:\[[^\]]*\]\s*)+/, "").trim();
