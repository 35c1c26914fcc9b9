import type { HardwareCodec, HardwareEncoder } from "../../../crds/unit.ts";
import { lastErrors } from "../../probe/log-reading.ts";
import { MediaFailure } from "../../probe/media-failure.ts";
import { type FfmpegLimits, runFfmpeg } from "../ffmpeg.ts";
import { FAMILIES, hardwareArguments, uploadFilters } from "./hardware.ts";

/**
 * Encodes one frame on the hardware: that ffmpeg knows an encoder says nothing of a device, a driver or a free
 * session.
 *
 * @throws MediaFailure HardwareUnavailable, upon which the next attempt is given none.
 */
export async function checkHardware(
  family: HardwareEncoder,
  codec: HardwareCodec,
  run: FfmpegLimits,
): Promise<void> {
  const pixelFormat = "yuv420p";
  const upload = uploadFilters(family, pixelFormat);
  const list = [
    ...FAMILIES[family].device,
    ...["-f", "lavfi", "-i", "color=c=black:s=320x192:r=25"],
    ...["-vf", ["format=yuv420p", ...upload].join(",")],
    ...hardwareArguments(family, {
      codec,
      output: { container: "mp4" },
      rate: { crf: 23 },
      pixelFormat,
      threads: 1,
      fps: 25,
      dynamicRange: "SDR",
    }),
    ...["-frames:v", "1", "-f", "null", "-"],
  ];
  try {
    await runFfmpeg({ ...run, arguments: list });
  } catch (error) {
    run.signal.throwIfAborted();
    throw hardwareFailure(family, error);
  }
}

/** Reasons for which other hardware, or none, would fail the same way. */
const NOT_THE_HARDWARE = new Set([
  "DiskFull",
  "MemoryLimitExceeded",
  "SourceCorrupt",
  "SourceTruncated",
  "Stalled",
]);

/** What failed while hardware was used, told as the hardware's failure unless something else is to blame. */
export function hardwareFailure(family: HardwareEncoder, error: unknown): unknown {
  if (!(error instanceof MediaFailure) || NOT_THE_HARDWARE.has(error.reason)) return error;
  return new MediaFailure(
    "HardwareUnavailable",
    `${family} cannot encode here: ${lastErrors(error.log) || error.message}; check the pool's encoder, devices and drivers`,
    error.log,
  );
}
