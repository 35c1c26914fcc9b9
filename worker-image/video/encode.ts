import { join } from "node:path";
import { isTwoPass } from "../../crds/outputs/two-pass.ts";
import type { EngineContext } from "../engine.ts";
import { loudnessArguments, renditionArguments } from "./arguments.ts";
import { type FfmpegLimits, type FfmpegReport, ffmpegLimits, runFfmpeg } from "./ffmpeg.ts";
import { hardwareFailure } from "./hardware/hardware-check.ts";
import type { EncodeProgress } from "./progress/progress-blocks.ts";
import type { Rendition } from "./rendition.ts";
import { type MeasuredLoudness, NOT_MEASURED, readLoudness } from "./sound/sound.ts";
import type { Tell } from "./task.ts";
import { perSecond } from "./time/timing.ts";

/** The runs of ffmpeg that one output takes: loudness of each track, a first pass, the real one. */
export class Encode {
  readonly limits: FfmpegLimits;
  readonly #context: EngineContext;
  readonly #rendition: Rendition;
  readonly #files: { sourcePath: string; targetPath: string; threads: number };
  readonly #tell: Tell;
  readonly #subject: { source: string; output: string };

  constructor(
    context: EngineContext,
    rendition: Rendition,
    {
      sourcePath,
      targetPath,
      tell,
      subject,
    }: {
      sourcePath: string;
      targetPath: string;
      tell: Tell;
      /** What its warnings are about. */
      subject: { source: string; output: string };
    },
  ) {
    this.#subject = subject;
    this.#context = context;
    this.#rendition = rendition;
    this.#tell = tell;
    this.limits = ffmpegLimits(context);
    this.#files = { sourcePath, targetPath, threads: this.limits.threads };
  }

  /** Makes the whole output in one piece. */
  async run(): Promise<FfmpegReport> {
    const loudness = await this.measureLoudness();
    this.tellUnmeasured(loudness);
    const { rate } = this.#rendition;
    if (!takesTwoPasses(this.#rendition)) {
      return this.ffmpeg("video", renditionArguments(this.#rendition, this.#files, { loudness }));
    }
    const passLogFile = join(this.#context.scratchDir, `pass-${this.#context.unit.attempt}`);
    const pass = (number: 1 | 2) => ({ rate: { ...rate, pass: number, passLogFile }, loudness });
    await this.ffmpeg("first pass", renditionArguments(this.#rendition, this.#files, pass(1)));
    return this.ffmpeg("video", renditionArguments(this.#rendition, this.#files, pass(2)));
  }

  async measureLoudness(): Promise<(MeasuredLoudness | undefined)[]> {
    if (!this.#rendition.sound?.soundtrack.loudness) return [];
    const measured: (MeasuredLoudness | undefined)[] = [];
    for (const track of this.#rendition.tracks) {
      const list = loudnessArguments(this.#rendition, track, this.#files);
      const report = await this.ffmpeg("loudness", list, "info");
      measured.push(readLoudness(report.log));
    }
    return measured;
  }

  /** Warns of the tracks that had no loudness to be levelled by. */
  tellUnmeasured(measured: readonly (MeasuredLoudness | undefined)[]): void {
    for (const [position, loudness] of measured.entries()) {
      if (loudness) continue;
      const message = `audio track ${this.#rendition.tracks[position]?.index} ${NOT_MEASURED}`;
      this.#context.warn({ reason: "SilentTrack", message, ...this.#subject });
    }
  }

  ffmpeg(stage: string, list: string[], logLevel: "warning" | "info" = "warning"): Promise<FfmpegReport> {
    const { hardware } = this.#rendition;
    const run = runFfmpeg({
      ...this.limits,
      arguments: list,
      logLevel,
      onProgress: (progress) =>
        this.#tell(stage, doneOf(progress, this.#rendition), {
          mediaSeconds: progress.outTimeSeconds,
          ...(progress.speed !== null && { speed: progress.speed }),
        }),
    });
    return hardware ? run.catch((error) => Promise.reject(hardwareFailure(hardware, error))) : run;
  }
}

/**
 * The share of a run that is done. An encoder that looks ahead has taken in up to two seconds of frames which it has
 * not written yet: at first only taking in costs time, at the end only writing, so the middle of both is told.
 */
export function doneOf(
  { outTimeSeconds, frames }: Pick<EncodeProgress, "outTimeSeconds" | "frames">,
  { expectedSeconds, fps, work }: Pick<Rendition, "expectedSeconds" | "fps" | "work">,
): number {
  if (!expectedSeconds) return 0;
  const written = Math.max(0, outTimeSeconds - (work.window?.startSeconds ?? 0)) / expectedSeconds;
  if (frames === 0 || !fps) return written;
  const takenIn = Math.min(1, frames / (expectedSeconds * perSecond(fps)));
  return (written + takenIn) / 2;
}

export const takesTwoPasses = ({ output, rate }: Rendition): boolean =>
  rate.bitrateKbps !== undefined && isTwoPass(output);
