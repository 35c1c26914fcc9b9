import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemplateToken, tokensOf } from "../../crds/naming.ts";
import type { StreamOutput } from "../../crds/outputs/stream.ts";
import type { Engine, EngineContext, OpenedSource, Product } from "../engine.ts";
import { lastErrors } from "../probe/log-reading.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { inputArguments } from "../probe/media-input.ts";
import { probe } from "../probe/probe.ts";
import { ENCODERS } from "../video/encoders.ts";
import { type FfmpegLimits, type FfmpegReport, ffmpegLimits, runFfmpeg } from "../video/ffmpeg.ts";
import { ffmpegVersions } from "../video/ffmpeg-versions.ts";
import { type MeasuredLoudness, measuringFilters, readLoudness } from "../video/sound.ts";
import { soundGraph, sourceInputs } from "../video/spans.ts";
import { encodeSeconds, stageProgress } from "../video/stages.ts";
import { perSecond } from "../video/timing.ts";
import {
  type AudioRendition,
  dashManifest,
  hlsMaster,
  hlsMedia,
  type Stream,
  type VideoRendition,
} from "./manifests.ts";
import { joinShortTail, type MediaFile, readMediaFile } from "./media-file.ts";
import {
  type Presentation,
  planPresentation,
  presentationArguments,
  type StreamFiles,
} from "./presentation.ts";

/** Makes adaptive streams. The manifests come last, so that whoever finds one finds what it names. */
export const streamEngine: Engine = {
  versions: ffmpegVersions,
  async run(context) {
    const work = context.unit.sources.flatMap((source) =>
      context.unit.outputs.flatMap(({ name, stream }) => (stream ? [{ source, name, stream }] : [])),
    );
    for (const [index, { source, name, stream }] of work.entries()) {
      const tell = (stage: string, fraction: number, extra?: { mediaSeconds: number }) =>
        context.progress(stage, (index + fraction) / work.length, extra);
      try {
        await new StreamTask(context, { opened: await context.openSource(source), name, stream, tell }).run();
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof MediaFailure) error.message = `source ${source.name}: ${error.message}`;
        context.fail(error, { source: source.name, output: name });
      }
      context.progress("stream", (index + 1) / work.length, {
        outputsDone: index + 1,
        outputsTotal: work.length,
      });
    }
  },
};

type Tell = (stage: string, fraction: number, extra?: { mediaSeconds: number }) => void;

class StreamTask {
  readonly #context: EngineContext;
  readonly #opened: OpenedSource;
  readonly #name: string;
  readonly #stream: StreamOutput;
  readonly #tell: Tell;
  readonly #limits: FfmpegLimits;

  constructor(
    context: EngineContext,
    task: { opened: OpenedSource; name: string; stream: StreamOutput; tell: Tell },
  ) {
    this.#context = context;
    this.#opened = task.opened;
    this.#name = task.name;
    this.#stream = task.stream;
    this.#tell = task.tell;
    this.#limits = ffmpegLimits(context);
  }

  async run(): Promise<void> {
    const directory = directoryTemplate(this.#context.unit.destination.template);
    if (await this.#context.findMade(this.#product(directory, entryOf(this.#stream)))) return;

    this.#tell("analysis", 0);
    const record = await probe(this.#opened.path, this.#context.signal);
    const presentation = planPresentation(record, this.#stream);
    const subject = { source: this.#opened.source.name, output: this.#name };
    for (const warning of presentation.warnings) this.#context.warn({ ...warning, ...subject });

    const names = fileNames(presentation);
    const staged = (fileName: string) =>
      join(this.#context.stagingDir, `${this.#name}-${this.#context.unit.attempt}-${fileName}`);
    const files: StreamFiles = {
      sourcePath: this.#opened.path,
      threads: this.#limits.threads,
      videoPaths: names.video.map(staged),
      audioPaths: names.audio.map(staged),
    };
    try {
      const report = await this.#encode(presentation, files);
      await Promise.all(files.audioPaths.map(joinShortTail));
      const stream = await this.#verify(presentation, files, names, report);
      await this.#publish(stream, directory, staged);
      this.#context.record({ ...subject, arguments: report.arguments });
    } finally {
      await Promise.all([...files.videoPaths, ...files.audioPaths].map((path) => rm(path, { force: true })));
    }
  }

  async #encode(presentation: Presentation, files: StreamFiles): Promise<FfmpegReport> {
    const { expectedSeconds, tracks, rungs, output, fps } = presentation;
    const mediaSeconds = expectedSeconds ?? 60;
    const seconds = rungs.reduce(
      (sum, { size }) =>
        sum +
        encodeSeconds({
          codec: output.codec,
          preset: output.preset,
          pixels: size.width * size.height,
          fps: perSecond(fps),
          mediaSeconds,
          cpu: this.#context.limits.cpu,
        }),
      0,
    );
    const measuring = output.audio.loudness ? (mediaSeconds / 60) * tracks.length : 0;
    const progress = stageProgress([
      { name: "analysis", seconds: 0.2 },
      { name: "loudness", seconds: measuring },
      { name: "stream", seconds },
      { name: "verify", seconds: 0.3 + rungs.length * 0.1 },
    ]);
    const run = (stage: string, list: string[], logLevel: "info" | "warning" = "warning") =>
      runFfmpeg({
        ...this.#limits,
        arguments: list,
        logLevel,
        onStart: (pid) => this.#context.watchChild(pid),
        onProgress: ({ outTimeSeconds }) => {
          const whole = progress.at(stage, expectedSeconds ? outTimeSeconds / expectedSeconds : 0);
          this.#tell(whole.stage, whole.fraction, { mediaSeconds: outTimeSeconds });
        },
      });

    const loudness: (MeasuredLoudness | undefined)[] = [];
    for (const track of output.audio.loudness ? tracks : []) {
      const graph = soundGraph({
        spans: [],
        index: track.index,
        label: "measured",
        filters: measuringFilters(track, presentation.sound),
      });
      const list = [
        ...sourceInputs([], files, ["-vn"]),
        "-filter_complex",
        graph,
        "-map",
        "[measured]",
        "-f",
        "null",
        "-",
      ];
      loudness.push(readLoudness((await run("loudness", list, "info")).log));
    }
    const report = await run("stream", presentationArguments(presentation, files, loudness));
    this.#tell("verify", progress.at("verify", 0).fraction);
    return report;
  }

  async #verify(
    presentation: Presentation,
    files: StreamFiles,
    names: { video: string[]; audio: string[] },
    report: FfmpegReport,
  ): Promise<Stream> {
    const video: VideoRendition[] = [];
    for (const [at, rung] of presentation.rungs.entries()) {
      const path = files.videoPaths[at] ?? "";
      const media = await this.#mediaFile(path);
      const record = await probe(path, this.#context.signal, { firstFrame: false });
      const picture = record.video[0];
      const codec = ENCODERS[presentation.output.codec].codec;
      if (
        picture?.codec !== codec ||
        picture.width !== rung.size.width ||
        picture.height !== rung.size.height
      ) {
        throw new MediaFailure(
          "VerificationFailed",
          `rendition ${rung.name} is ${picture?.codec} ${picture?.width}×${picture?.height}, not ${codec} ${rung.size.width}×${rung.size.height}`,
        );
      }
      video.push({
        name: rung.name,
        fileName: names.video[at] ?? "",
        media,
        size: rung.size,
        fps: presentation.fps,
      });
    }
    const audio: AudioRendition[] = [];
    for (const [at, track] of presentation.tracks.entries()) {
      audio.push({
        name: `${at}`,
        fileName: names.audio[at] ?? "",
        media: await this.#mediaFile(files.audioPaths[at] ?? ""),
        language: track.language,
        title: track.title ?? track.language ?? `Track ${at + 1}`,
        isDefault:
          at ===
          Math.max(
            0,
            presentation.tracks.findIndex(({ isDefault }) => isDefault),
          ),
        channels: 2,
        sampleRate: 48_000,
      });
    }
    refuseMisaligned(video, presentation.output.segmentSeconds);
    const durationSeconds = Math.max(...video.map(({ media }) => lengthOf(media)));
    refuseTruncated(presentation, durationSeconds, report, this.#context, {
      source: this.#opened.source.name,
      output: this.#name,
    });
    await this.#decodeSamples([...files.videoPaths, ...files.audioPaths]);
    return { video, audio, durationSeconds };
  }

  async #mediaFile(path: string): Promise<MediaFile> {
    const media = await readMediaFile(path).catch((error: unknown) => {
      throw new MediaFailure(
        "VerificationFailed",
        `a media file of the stream is not as it must be: ${(error as Error).message}`,
      );
    });
    if (media.segments.length === 0)
      throw new MediaFailure("SourceCorrupt", "no frame of the source could be decoded");
    return media;
  }

  /** A second at the start of each file, all in one run; any error of a decoder fails it. */
  async #decodeSamples(paths: readonly string[]): Promise<void> {
    const options = ["-threads", "1", "-err_detect", "explode", "-t", "1"];
    const list = [
      ...paths.flatMap((path) => inputArguments(path, { options })),
      ...paths.flatMap((_, input) => ["-map", `${input}:0`]),
      ...["-f", "null", "-"],
    ];
    const { log } = await runFfmpeg({ ...this.#limits, arguments: list });
    const errors = log.filter((line) => /\[(error|fatal)\]/.test(line));
    if (errors.length > 0) {
      throw new MediaFailure(
        "VerificationFailed",
        `a finished file does not decode: ${lastErrors(errors)}`,
        log,
      );
    }
  }

  async #publish(stream: Stream, directory: string, staged: (fileName: string) => string): Promise<void> {
    const put = async (fileName: string, facts: { format: string; width?: number; height?: number }) => {
      const product = this.#product(directory, fileName);
      if (!(await this.#context.findMade(product))) {
        await this.#context.publish(staged(fileName), product, {
          ...facts,
          durationSeconds: stream.durationSeconds,
        });
      }
    };
    const write = async (fileName: string, text: string) => {
      await writeFile(staged(fileName), text);
      await put(fileName, { format: fileName.endsWith(".mpd") ? "dash" : "hls" });
    };
    for (const { fileName, size } of stream.video)
      await put(fileName, { format: this.#stream.codec, ...size });
    for (const { fileName } of stream.audio) await put(fileName, { format: "aac" });
    if (this.#stream.protocols.includes("dash")) await write("manifest.mpd", dashManifest(stream));
    if (this.#stream.protocols.includes("hls")) {
      for (const { fileName, media } of [...stream.video, ...stream.audio]) {
        await write(fileName.replace(/\.mp4$/, ".m3u8"), hlsMedia(fileName, media));
      }
      await write("master.m3u8", hlsMaster(stream));
    }
  }

  #product(directory: string, fileName: string): Product {
    return {
      source: this.#opened,
      output: this.#name,
      // The entry is the output itself; the others are parts of it.
      variant: fileName === entryOf(this.#stream) ? undefined : fileName,
      template: `${directory}/${fileName}`,
      ext: fileName.slice(fileName.lastIndexOf(".") + 1),
    };
  }
}

function fileNames({ rungs, tracks }: Presentation): { video: string[]; audio: string[] } {
  return {
    video: rungs.map(({ name }) => `video-${name}.mp4`),
    audio: tracks.map(
      ({ language }, at) =>
        `audio-${at}${language && /^[a-z]{2,3}$/.test(language) ? `-${language}` : ""}.mp4`,
    ),
  };
}

/** Tokens that only a single finished file has. */
const OF_ONE_FILE: readonly TemplateToken[] = ["width", "height", "hash", "format"];

/** The directory of a stream: the destination's template without the extension. */
export function directoryTemplate(template: string): string {
  const foreign = tokensOf(template).filter((token) => OF_ONE_FILE.includes(token));
  if (foreign.length > 0) {
    const names = foreign.map((token) => `{${token}}`).join(", ");
    throw new MediaFailure(
      "InvalidOutputSpec",
      `destination.template ${template}: a stream is a directory of files and has no ${names}`,
    );
  }
  return template.replace(/\.?\{ext\}/g, "");
}

/** The file a player is given; published last, so that where it stands the stream is whole. */
const entryOf = ({ protocols }: StreamOutput): string =>
  protocols.includes("hls") ? "master.m3u8" : "manifest.mpd";

const lengthOf = ({ segments }: MediaFile): number => segments.reduce((sum, { seconds }) => sum + seconds, 0);

/** Players switch at segment borders: these must be the same in every rendition, to the frame. */
export function refuseMisaligned(video: readonly VideoRendition[], segmentSeconds: number): void {
  const [first] = video;
  if (!first) return;
  const tolerance = first.fps.den / first.fps.num / 2;
  for (const { name, media } of video) {
    const misfit = media.segments.findIndex(
      ({ seconds }, at) => Math.abs(seconds - (first.media.segments[at]?.seconds ?? 0)) > tolerance,
    );
    if (misfit !== -1 || media.segments.length !== first.media.segments.length) {
      throw new MediaFailure(
        "VerificationFailed",
        `segment ${misfit + 1} of ${name} does not end where that of ${first.name} does`,
      );
    }
    const long = media.segments
      .slice(0, -1)
      .find(({ seconds }) => Math.abs(seconds - segmentSeconds) > tolerance * 2 + 1e-3);
    if (long)
      throw new MediaFailure(
        "VerificationFailed",
        `a segment of ${name} lasts ${long.seconds} s, not ${segmentSeconds} s`,
      );
  }
}

function refuseTruncated(
  { expectedSeconds }: Presentation,
  found: number,
  report: FfmpegReport,
  context: EngineContext,
  subject: { source: string; output: string },
): void {
  const short = expectedSeconds !== null && found < expectedSeconds - Math.max(0.25, expectedSeconds * 0.01);
  if (short && report.cutShortLines > 0) {
    throw new MediaFailure(
      "SourceTruncated",
      `the source ends after ${found.toFixed(1)} s of the ${expectedSeconds.toFixed(1)} s it declares; copy it again`,
      report.log,
    );
  }
  if (report.damagedLines > 0) {
    context.warn({
      reason: "SourceDamaged",
      message: `the source is damaged in ${report.damagedLines} place(s), which were concealed`,
      ...subject,
    });
  }
}
