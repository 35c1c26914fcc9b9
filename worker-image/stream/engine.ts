import { readdir, rm, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { StreamOutput } from "../../crds/outputs/stream.ts";
import { eachOutput, type OutputTask } from "../each-output.ts";
import type { Engine, EngineContext, OpenedSource, Product } from "../engine.ts";
import { type FfmpegLimits, type FfmpegReport, ffmpegLimits, runFfmpeg } from "../video/ffmpeg.ts";
import { ffmpegVersions } from "../video/ffmpeg-versions.ts";
import { listOf, type MadePart } from "../video/join.ts";
import { stageProgress } from "../video/progress/stages.ts";
import { type MeasuredLoudness, NOT_MEASURED, readLoudness } from "../video/sound/sound.ts";
import { lostTextsOf } from "../video/subtitles/subtitle-tracks.ts";
import { damageOf } from "../video/verify.ts";
import { joinArguments, loudnessArguments, presentationArguments, type StreamFiles } from "./arguments.ts";
import { dashManifest } from "./dash.ts";
import { entryOf, fileNames, MANIFEST, MASTER, streamDirectory } from "./file-names.ts";
import { hlsMaster, hlsPlaylistNames, hlsPlaylists } from "./hls.ts";
import { joinShortTail, longestOf } from "./media-file.ts";
import { findParts, makePart } from "./part.ts";
import { type Presentation, planPresentation, renditionsSeconds, verifyingSeconds } from "./presentation.ts";
import { protect, readKey } from "./protection.ts";
import type { Stream } from "./stream.ts";
import { sheetTrack } from "./thumbnails.ts";
import { verifyStream } from "./verify.ts";

/**
 * Makes adaptive streams; whole, or a part of one, or one of parts. The manifests come last, so that whoever finds one
 * finds what it names.
 */
export const streamEngine: Engine = {
  versions: ffmpegVersions,
  run: (context) => eachOutput(context, { family: "stream" }, (task) => new StreamTask(context, task).run()),
};

/** Each rendition has to have its keyframes at the same frames, which no device has been seen to do. */
const IN_SOFTWARE = { reason: "EncodedInSoftware", message: "streams are encoded in software alone" };

/** What makes all files of a stream in one run. */
type Arguments = typeof presentationArguments;

/** Parts are copied, the sound is encoded: some sixty times faster than it plays, for each. */
const joinSeconds = ({ expectedSeconds, sounds }: Presentation): number =>
  0.2 + ((expectedSeconds ?? 60) / 60) * (1 + sounds.length);

class StreamTask {
  readonly #context: EngineContext;
  readonly #opened: OpenedSource;
  readonly #name: string;
  readonly #stream: StreamOutput;
  readonly #tell: OutputTask<StreamOutput>["tell"];
  readonly #limits: FfmpegLimits;

  constructor(context: EngineContext, task: OutputTask<StreamOutput>) {
    this.#context = context;
    this.#opened = task.opened;
    this.#name = task.name;
    this.#stream = task.wish;
    this.#tell = task.tell;
    this.#limits = ffmpegLimits(context);
  }

  async run(): Promise<void> {
    const { part, join: joined } = this.#context.unit;
    const directory = streamDirectory(this.#context.unit.destination.template);
    const entry = this.#product(directory, entryOf(this.#stream));
    const isThere = part ? this.#context.isMade(entry) : this.#context.findMade(entry);
    if (await isThere) return;
    const { encryption, segmentSeconds } = this.#stream;
    // Before hours of work that could not be encrypted.
    const key = encryption && (await readKey(this.#context, encryption));
    if (part) {
      const task = { opened: this.#opened, name: this.#name, stream: this.#stream };
      return makePart(this.#context, { ...task, limits: this.#limits, tell: this.#tell }, part);
    }

    this.#tell("analysis", 0);
    const record = await this.#context.probe(this.#opened);
    const presentation = planPresentation(record, this.#stream);
    if (this.#context.limits.encoder) this.#warn(IN_SOFTWARE);
    for (const warning of presentation.warnings) this.#warn(warning);
    const parts =
      joined &&
      (await findParts(
        this.#context,
        { opened: this.#opened, stream: this.#stream, presentation },
        joined.parts,
      ));

    const names = fileNames(presentation);
    const prefix = `${this.#name}-${this.#context.unit.attempt}-`;
    const staged = (fileName: string) => join(this.#context.stagingDir, `${prefix}${fileName}`);
    const files: StreamFiles = {
      sourcePath: this.#opened.path,
      threads: this.#limits.threads,
      videoPaths: names.video.map(staged),
      audioPaths: names.audio.map(staged),
      subtitlePaths: names.subtitles.map(staged),
      sheets: { directory: this.#context.stagingDir, prefix },
    };
    try {
      const { report, onDecoded } = await this.#encode(presentation, {
        seconds: parts
          ? joinSeconds(presentation)
          : renditionsSeconds(presentation, this.#context.limits.cpu),
        files,
        list: parts ? await this.#joining(parts.rungs, { presentation, files, staged }) : undefined,
      });
      await Promise.all(files.audioPaths.map(joinShortTail));
      const { stream: clear, warnings } = await verifyStream(presentation, {
        source: { path: this.#opened.path, startSeconds: record.startSeconds ?? 0 },
        files,
        names,
        report,
        limits: this.#limits,
        staged,
        onDecoded,
      });
      const stream =
        encryption && key
          ? await protect(clear, encryption, { key, context: this.#context, segmentSeconds, staged })
          : clear;
      for (const warning of [...warnings, damageOf(report), lostTextsOf(report)]) {
        if (warning) this.#warn(warning);
      }
      await this.#publish(stream, directory, staged);
      this.#context.record({ ...this.#subject, arguments: report.arguments });
      if (parts) await this.#context.handover.remove(parts.names);
    } finally {
      await this.#clear(prefix);
    }
  }

  get #subject(): { source: string; output: string } {
    return { source: this.#opened.source.name, output: this.#name };
  }

  #warn(warning: { reason: string; message: string }): void {
    this.#context.warn({ ...warning, ...this.#subject });
  }

  /** Whatever was staged and not published, sheets of an unknown number among it. */
  async #clear(prefix: string): Promise<void> {
    const { stagingDir } = this.#context;
    const left = (await readdir(stagingDir)).filter((name) => name.startsWith(prefix));
    await Promise.all(left.map((name) => rm(join(stagingDir, name), { force: true })));
  }

  /** Loudness first where it is asked for, then the run that makes everything. */
  async #encode(
    presentation: Presentation,
    work: { seconds: number; files: StreamFiles; list: Arguments | undefined },
  ): Promise<{ report: FfmpegReport; onDecoded: (share: number) => void }> {
    const { expectedSeconds, sounds, output } = presentation;
    const { seconds, files, list = presentationArguments } = work;
    const measuring = output.audio.loudness ? ((expectedSeconds ?? 60) / 60) * sounds.length : 0;
    const progress = stageProgress([
      { name: "analysis", seconds: 0.2 },
      { name: "loudness", seconds: measuring },
      { name: "stream", seconds },
      { name: "verify", seconds: verifyingSeconds(presentation, this.#context.limits.cpu) },
    ]);
    const run = (stage: string, list: string[], logLevel: "info" | "warning" = "warning") =>
      runFfmpeg({
        ...this.#limits,
        arguments: list,
        logLevel,
        onProgress: ({ outTimeSeconds }) => {
          const whole = progress.at(stage, expectedSeconds ? outTimeSeconds / expectedSeconds : 0);
          this.#tell(whole.stage, whole.fraction, { mediaSeconds: outTimeSeconds });
        },
      });

    const loudness: (MeasuredLoudness | undefined)[] = [];
    for (const sound of output.audio.loudness ? sounds : []) {
      const measured = readLoudness((await run("loudness", loudnessArguments(sound, files), "info")).log);
      loudness.push(measured);
      const message = `audio track ${sound.track.index} ${NOT_MEASURED}`;
      if (!measured && !sound.isSurround) this.#warn({ reason: "SilentTrack", message });
    }
    const report = await run("stream", list(presentation, files, loudness));
    const onDecoded = (share: number) => this.#tell("verify", progress.at("verify", share).fraction);
    onDecoded(0);
    return { report, onDecoded };
  }

  /** Writes down the parts of each rung for the run that joins them. */
  async #joining(
    rungs: readonly MadePart[][],
    work: { presentation: Presentation; files: StreamFiles; staged: (fileName: string) => string },
  ): Promise<Arguments> {
    const listPaths = work.presentation.rungs.map(({ name }) => work.staged(`${name}.ffconcat`));
    for (const [at, parts] of rungs.entries()) await writeFile(listPaths[at] ?? "", listOf(parts));
    const offsetSeconds = rungs[0]?.[0]?.startSeconds ?? 0;
    return (presentation, files, loudness) =>
      joinArguments(presentation, { ...files, listPaths, offsetSeconds }, loudness);
  }

  async #publish(stream: Stream, directory: string, staged: (fileName: string) => string): Promise<void> {
    const put = async (fileName: string, facts: { format: string; width?: number; height?: number }) => {
      // What an earlier attempt left is replaced: with other threads an encoder makes other bytes of the same source.
      await this.#context.publish(staged(fileName), this.#product(directory, fileName), {
        ...facts,
        durationSeconds: stream.durationSeconds,
      });
    };
    const write = async (fileName: string, text: string) => {
      await writeFile(staged(fileName), text);
      await put(fileName, { format: FORMATS[extname(fileName)] ?? "hls" });
    };
    const manifests = this.#manifestsOf(stream);
    // Of an earlier stream with other protocols: it would lead players to bytes that are others by now.
    for (const fileName of manifestNames(stream).filter((name) => !manifests.has(name)))
      await this.#context.withdraw(this.#product(directory, fileName));
    for (const { fileName, size } of stream.video)
      await put(fileName, { format: this.#stream.codec, ...size });
    for (const { fileName } of stream.audio) await put(fileName, { format: "aac" });
    for (const { fileName } of stream.subtitles) await put(fileName, { format: "webvtt" });
    if (stream.thumbnails) {
      const { sheets, cell, columns, rows } = stream.thumbnails;
      const size = { width: cell.width * columns, height: cell.height * rows };
      for (const { fileName } of sheets) await put(fileName, { format: "jpeg", ...size });
      await write("thumbnails.vtt", sheetTrack(stream.thumbnails, longestOf(stream.video)));
    }
    for (const [fileName, text] of manifests) await write(fileName, text);
  }

  /** By file name, in the order in which they are published: what leads to others comes after them. */
  #manifestsOf(stream: Stream): Map<string, string> {
    const { protocols } = this.#stream;
    const dash = (): [string, string][] => [[MANIFEST, dashManifest(stream)]];
    const hls = (): [string, string][] => [...hlsPlaylists(stream), [MASTER, hlsMaster(stream)]];
    return new Map([
      ...(protocols.includes("dash") ? dash() : []),
      ...(protocols.includes("hls") ? hls() : []),
    ]);
  }

  #product(directory: string, fileName: string): Product {
    return {
      source: this.#opened,
      output: this.#name,
      // The entry is the output itself; the others are parts of it.
      variant: fileName === entryOf(this.#stream) ? undefined : fileName,
      template: `${directory}/${fileName}`,
      isOfDirectory: true,
      ext: fileName.slice(fileName.lastIndexOf(".") + 1),
    };
  }
}

/** Every manifest that a stream of any protocols may have beside the same media; what leads to others before them. */
const manifestNames = (stream: Stream): string[] => [MANIFEST, MASTER, ...hlsPlaylistNames(stream)];

const FORMATS: Record<string, string> = { ".mpd": "dash", ".m3u8": "hls", ".vtt": "webvtt" };
