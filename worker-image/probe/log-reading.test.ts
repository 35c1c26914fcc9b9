import { expect, test } from "vitest";
import { explainLog, lastErrors, tellsCutShort, tellsDamage } from "./log-reading.ts";

test.each([
  ["[error] Error writing trailer of file:/x: No space left on device", "DiskFull"],
  ["[fatal] Unknown encoder 'libx264'", "EncoderMissing"],
  ["[AVFilterGraph @ 0x1] [error] No such filter: 'zscale'", "EncoderMissing"],
  ["[hls @ 0x1] [error] Format not on whitelist 'mov,matroska'", "UnsupportedFormat"],
  ["[mov,mp4 @ 0x1] [error] moov atom not found", "SourceTruncated"],
  [
    "[IMGUTILS @ 0x1] [error] Picture size 30000x30000 exceeds specified max pixel count 67108864",
    "SourceTooLarge",
  ],
  ["[error] Error while decoding stream #0:0: Cannot allocate memory", "MemoryLimitExceeded"],
  ["[h264_nvenc @ 0x1] [error] Cannot load libcuda.so.1", "HardwareUnavailable"],
  [
    "[AVHWDeviceContext @ 0x1] [error] No VA display found for device /dev/dri/renderD128.",
    "HardwareUnavailable",
  ],
  [
    "[mp4 @ 0x1] [error] Could not find tag for codec vp8 in stream #0, codec not currently supported in container",
    "InvalidOutputSpec",
  ],
  ["[error] file:/in.mp4: Input/output error", "StorageError"],
  [
    "[srt @ 0x1] [error] Invalid UTF-8 in decoded subtitles text; maybe missing -sub_charenc option",
    "InvalidOutputSpec",
  ],
])("%s is %s", (line, reason) => expect(explainLog([line])?.reason).toBe(reason));

test("a full disk is told before the input is blamed for what follows from it", () => {
  expect(
    explainLog([
      "[mov,mp4 @ 0x1] [error] moov atom not found",
      "[error] av_interleaved_write_frame(): No space left on device",
    ])?.reason,
  ).toBe("DiskFull");
});

test("the line that explains a failure is told, whatever ffmpeg says after it", () => {
  expect(
    explainLog([
      "[mp4 @ 0x1] [error] Could not find tag for codec ffv1 in stream #0, codec not currently supported in container",
      "[error] Could not write header for output file #0 (incorrect codec parameters ?): Invalid argument",
      "[error] ",
    ])?.line,
  ).toBe("Could not find tag for codec ffv1 in stream #0, codec not currently supported in container");
});

test("a line that nothing is known about explains nothing", () => {
  expect(explainLog(["[error] something new"])).toBeUndefined();
});

test.each([
  { line: "[mov @ 0x1] [error] stream 1, offset 0x62a22: partial file", cut: true, damage: false },
  { line: "[matroska,webm @ 0x1] [error] File ended prematurely", cut: true, damage: false },
  { line: "[h264 @ 0x1] [error] Invalid NAL unit size (4216 > 214).", cut: false, damage: true },
  {
    line: "[h264 @ 0x1] [warning] concealing 140 DC, 140 AC, 140 MV errors in P frame",
    cut: false,
    damage: true,
  },
  { line: "[mp4 @ 0x1] [warning] track 1: codec frame size is not set", cut: false, damage: false },
])("$line tells of an early end: $cut, of damage: $damage", ({ line, cut, damage }) => {
  expect(tellsCutShort(line)).toBe(cut);
  expect(tellsDamage(line)).toBe(damage);
});

test("the end of a message holds the last errors without their components", () => {
  expect(
    lastErrors([
      ...["[warning] a", "[h264 @ 0x1] [error] one", "[error] two", "[mp4 @ 0x2] [fatal] three"],
      "[error] ",
    ]),
  ).toBe("two; three");
});
