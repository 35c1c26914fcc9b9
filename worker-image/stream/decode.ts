import { basename } from "node:path";
import type { StreamOutput } from "../../crds/outputs/stream.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { refuseUndecodable } from "../probe/refuse-undecodable.ts";
import { maybeSilent, SAMPLE_OUTPUT, sampleInputs, samplePlaces } from "../video/decode-sample.ts";
import type { FfmpegLimits } from "../video/ffmpeg.ts";
import { runWithPeaks } from "../video/sound/silence.ts";

/** Decodes the finished files of a stream: samples of each with `verify: Fast`, all of each with `Full`. */

export interface FinishedFile {
  path: string;
  /** How long it is by its own index. */
  seconds: number;
}

export type Decoding = FfmpegLimits & {
  verify: StreamOutput["verify"];
  /** Told the share of all pictures that is decoded, where all of them are. */
  onDecoded?: ((share: number) => void) | undefined;
};

/**
 * Files of pictures, the largest last.
 *
 * @throws MediaFailure VerificationFailed upon any error of a decoder, or where all is decoded and it is not as many frames.
 */
export async function decodePictures(
  files: readonly (FinishedFile & { frames: number })[],
  { onDecoded, ...decoding }: Decoding,
): Promise<void> {
  if (decoding.verify === "Full") {
    for (const [at, file] of files.entries()) {
      const onShare = (share: number) => onDecoded?.((at + share) / files.length);
      const { progress } = await decodeWhole(file, decoding, onShare);
      if (progress?.frames !== file.frames) {
        throw new MediaFailure(
          "VerificationFailed",
          `${basename(file.path)} has ${file.frames} frames, of which ${progress?.frames ?? 0} can be decoded`,
        );
      }
    }
    return;
  }
  // A run decodes on one core; the largest has about as many pixels as all others together, and is decoded beside them.
  await Promise.all([decodeSamples(files.slice(0, -1), decoding), decodeSamples(files.slice(-1), decoding)]);
}

/** AAC begins with what is cut away, and ends in a filled frame. */
const SOUND_TOLERANCE_SECONDS = 0.1;

/** Files of sound. @throws MediaFailure VerificationFailed upon any error of a decoder. */
export async function decodeSounds(
  files: readonly FinishedFile[],
  decoding: Decoding,
): Promise<{ maybeSilent: boolean }> {
  if (decoding.verify !== "Full") return decodeSamples(files, decoding);
  let silent = false;
  for (const file of files) {
    const { peaksDb, progress } = await decodeWhole(file, decoding);
    const seconds = progress?.outTimeSeconds ?? 0;
    if (seconds < file.seconds - SOUND_TOLERANCE_SECONDS) {
      throw new MediaFailure(
        "VerificationFailed",
        `${basename(file.path)} lasts ${file.seconds.toFixed(3)} s, of which ${seconds.toFixed(3)} s can be decoded`,
      );
    }
    silent ||= maybeSilent(peaksDb, 1);
  }
  return { maybeSilent: silent };
}

async function decodeWhole(
  { path, seconds }: FinishedFile,
  limits: FfmpegLimits,
  onShare?: (share: number) => void,
): ReturnType<typeof runWithPeaks> {
  const report = await runWithPeaks({
    ...limits,
    arguments: [...sampleInputs(path, [], limits.threads).flat(), "-map", "0:0", ...SAMPLE_OUTPUT],
    onProgress: ({ outTimeSeconds }) => onShare?.(seconds > 0 ? Math.min(1, outTimeSeconds / seconds) : 1),
  });
  refuseUndecodable(report, basename(path));
  return report;
}

/** Some frames at the start, in the middle and at the end of each file, all in one run. */
async function decodeSamples(
  files: readonly FinishedFile[],
  limits: FfmpegLimits,
): Promise<{ maybeSilent: boolean }> {
  if (files.length === 0) return { maybeSilent: false };
  const inputs = files.flatMap(({ path, seconds }) => sampleInputs(path, samplePlaces(seconds), 1));
  const report = await runWithPeaks({
    ...limits,
    threads: 1,
    arguments: [...inputs.flat(), ...inputs.flatMap((_, input) => ["-map", `${input}:0`]), ...SAMPLE_OUTPUT],
  });
  refuseUndecodable(report, "a finished file");
  // Of the shortest file there are fewest places that can be silent.
  const places = Math.min(...files.map(({ seconds }) => Math.max(1, samplePlaces(seconds).length)));
  return { maybeSilent: maybeSilent(report.peaksDb, places) };
}
