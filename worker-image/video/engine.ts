import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { VideoOutput } from "../../crds/outputs/video.ts";
import type { Engine, EngineContext, OpenedSource } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { probe } from "../probe/probe.ts";
import { loudnessArguments, renditionArguments } from "./arguments.ts";
import { type FfmpegLimits, type FfmpegReport, ffmpegLimits, runFfmpeg } from "./ffmpeg.ts";
import { ffmpegVersions } from "./ffmpeg-versions.ts";
import { planRendition, type Rendition } from "./rendition.ts";
import { type MeasuredLoudness, readLoudness } from "./sound.ts";
import { encodeSeconds, type Stage, stageProgress } from "./stages.ts";
import { perSecond } from "./timing.ts";
import { verifyRendition } from "./verify.ts";

/** Makes video files: probe, decide, measure, encode, verify, publish. It never decides what is in a file. */
export const videoEngine: Engine = {
  versions: ffmpegVersions,
  async run(context) {
    const work = context.unit.sources.flatMap((source) =>
      context.unit.outputs.flatMap(({ name, video }) => (video ? [{ source, name, video }] : [])),
    );
    for (const [index, { source, name, video }] of work.entries()) {
      const share = { from: index / work.length, width: 1 / work.length };
      try {
        await makeRendition(context, { opened: await context.openSource(source), name, video, share });
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof MediaFailure) error.message = `source ${source.name}: ${error.message}`;
        context.fail(error, { source: source.name, output: name });
      }
      context.progress("video", share.from + share.width, {
        outputsDone: index + 1,
        outputsTotal: work.length,
      });
    }
  },
};

interface Task {
  opened: OpenedSource;
  name: string;
  video: VideoOutput;
  /** Part of the unit's progress that is this task's. */
  share: { from: number; width: number };
}

async function makeRendition(context: EngineContext, { opened, name, video, share }: Task): Promise<void> {
  const product = { source: opened, output: name, ext: video.container };
  if (await context.findMade(product)) return;

  context.progress("analysis", share.from);
  const record = await probe(opened.path, context.signal);
  const rendition = planRendition(record, video);
  const subject = { source: opened.source.name, output: name };
  for (const warning of rendition.warnings) context.warn({ ...warning, ...subject });

  const progress = stageProgress(stagesOf(rendition, context.limits.cpu));
  const tell = (stage: string, fraction: number, extra?: { mediaSeconds: number; speed?: number }) => {
    const whole = progress.at(stage, fraction);
    context.progress(whole.stage, share.from + share.width * whole.fraction, extra);
  };
  const stagedPath = join(context.stagingDir, `${name}-${context.unit.attempt}.${video.container}`);
  const encode = new Encode(context, rendition, { sourcePath: opened.path, targetPath: stagedPath, tell });
  try {
    const report = await encode.run();
    tell("verify", 0);
    const verified = await verifyRendition(stagedPath, rendition, {
      sourcePath: opened.path,
      report,
      run: encode.limits,
    });
    for (const warning of verified.warnings) context.warn({ ...warning, ...subject });
    tell("publish", 0);
    const picture = verified.record.video[0];
    await context.publish(stagedPath, product, {
      format: picture?.codec ?? video.codec,
      width: picture?.width ?? 0,
      height: picture?.height ?? 0,
      ...(verified.record.durationSeconds !== null && { durationSeconds: verified.record.durationSeconds }),
    });
    context.record({ output: name, source: opened.source.name, arguments: report.arguments });
  } catch (error) {
    if (error instanceof MediaFailure && error.log.length > 0) context.record({ ...subject, log: error.log });
    throw error;
  } finally {
    await rm(stagedPath, { force: true });
  }
}

type Tell = (stage: string, fraction: number, extra?: { mediaSeconds: number; speed?: number }) => void;

/** The runs of ffmpeg that one rendition takes: loudness of each track, a first pass, the real one. */
class Encode {
  readonly limits: FfmpegLimits;
  readonly #context: EngineContext;
  readonly #rendition: Rendition;
  readonly #files: { sourcePath: string; targetPath: string; threads: number };
  readonly #tell: Tell;

  constructor(
    context: EngineContext,
    rendition: Rendition,
    { sourcePath, targetPath, tell }: { sourcePath: string; targetPath: string; tell: Tell },
  ) {
    this.#context = context;
    this.#rendition = rendition;
    this.#tell = tell;
    this.limits = ffmpegLimits(context);
    this.#files = { sourcePath, targetPath, threads: this.limits.threads };
  }

  async run(): Promise<FfmpegReport> {
    const loudness = await this.#measureLoudness();
    const { rate } = this.#rendition;
    if (!this.#isTwoPass()) {
      return this.#ffmpeg("video", renditionArguments(this.#rendition, this.#files, { loudness }));
    }
    const passLogFile = join(this.#context.scratchDir, `pass-${this.#context.unit.attempt}`);
    const pass = (number: 1 | 2) => ({ rate: { ...rate, pass: number, passLogFile }, loudness });
    await this.#ffmpeg("first pass", renditionArguments(this.#rendition, this.#files, pass(1)));
    return this.#ffmpeg("video", renditionArguments(this.#rendition, this.#files, pass(2)));
  }

  #isTwoPass(): boolean {
    return isTwoPass(this.#rendition);
  }

  async #measureLoudness(): Promise<(MeasuredLoudness | undefined)[]> {
    if (!this.#rendition.sound?.soundtrack.loudness) return [];
    const measured: (MeasuredLoudness | undefined)[] = [];
    for (const track of this.#rendition.tracks) {
      const list = loudnessArguments(this.#rendition, track, this.#files);
      const report = await this.#ffmpeg("loudness", list, "info");
      const loudness = readLoudness(report.log);
      measured.push(loudness);
      if (!loudness) {
        this.#context.warn({
          reason: "SilentTrack",
          message: `audio track ${track.index} is silent: its loudness is left as it is`,
        });
      }
    }
    return measured;
  }

  #ffmpeg(stage: string, list: string[], logLevel: "warning" | "info" = "warning"): Promise<FfmpegReport> {
    const expected = this.#rendition.expectedSeconds;
    return runFfmpeg({
      ...this.limits,
      arguments: list,
      logLevel,
      onStart: (pid) => this.#context.watchChild(pid),
      onProgress: ({ outTimeSeconds, speed }) =>
        this.#tell(stage, expected ? outTimeSeconds / expected : 0, {
          mediaSeconds: outTimeSeconds,
          ...(speed !== null && { speed }),
        }),
    });
  }
}

const isTwoPass = ({ output, rate }: Rendition): boolean =>
  rate.bitrateKbps !== undefined && (output.twoPass || output.targetBytes !== undefined);

function stagesOf(rendition: Rendition, cpu: number): Stage[] {
  const { output, size, picture, expectedSeconds, sound, tracks } = rendition;
  const mediaSeconds = expectedSeconds ?? 60;
  const fps = rendition.fps ?? picture.frameRate;
  const seconds = encodeSeconds({
    codec: output.codec,
    preset: output.preset,
    pixels: size.width * size.height,
    fps: fps ? perSecond(fps) : 25,
    mediaSeconds,
    cpu,
  });
  return [
    { name: "analysis", seconds: 0.2 },
    ...(sound?.soundtrack.loudness
      ? [{ name: "loudness", seconds: (mediaSeconds / 60) * tracks.length }]
      : []),
    ...(isTwoPass(rendition) ? [{ name: "first pass", seconds: seconds * 0.6 }] : []),
    { name: "video", seconds },
    { name: "verify", seconds: 0.3 + (output.verify === "Full" ? seconds * 0.1 : 0) },
    { name: "publish", seconds: 0.1 },
  ];
}
