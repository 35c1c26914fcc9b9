import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SOUND } from "../../crds/media-speed.ts";
import type { AudioOutput } from "../../crds/outputs/audio.ts";
import { eachOutput, type OutputTask } from "../each-output.ts";
import type { Engine, EngineContext, OpenedSource, ProgressExtra } from "../engine.ts";
import { inputArguments } from "../probe/media-input.ts";
import type { MediaRecord } from "../probe/record.ts";
import { ffmpegLimits, runFfmpeg } from "../video/ffmpeg.ts";
import { ffmpegVersions } from "../video/ffmpeg-versions.ts";
import { stageProgress } from "../video/progress/stages.ts";
import { NOT_MEASURED, readLoudness } from "../video/sound/sound.ts";
import {
  drawingArguments,
  extensionOf,
  measuringArguments,
  planRecording,
  recordingArguments,
} from "./recording.ts";
import { verifyRecording } from "./verify.ts";
import { Peaks } from "./waveform.ts";

/** Makes sound files and their waveforms. It never looks at pictures. */
export const audioEngine: Engine = {
  versions: ffmpegVersions,
  run: (context) => eachOutput(context, { family: "audio" }, (task) => makeRecording(context, task)),
};

/** Of a program that reads little but has to start. */
const STARTING_SECONDS = 0.15;

async function makeRecording(
  context: EngineContext,
  { opened, name, wish: audio, tell }: OutputTask<AudioOutput>,
): Promise<void> {
  const product = { source: opened, output: name, ext: extensionOf(audio) };
  const wave = (ext: "json" | "png") => ({
    ...product,
    ext,
    variant: `waveform.${ext}`,
    suffix: ".waveform",
  });
  const waves = (["json", "png"] as const).filter((ext) => audio.waveform?.[ext]).map(wave);
  const made = await Promise.all([product, ...waves].map((each) => context.findMade(each)));
  if (made.every((each) => each !== undefined)) return;

  tell("analysis", 0);
  const limits = ffmpegLimits(context);
  const found = await context.probe(opened);
  const recording = planRecording(found, audio);
  const { expectedSeconds } = recording;
  const mediaSeconds = expectedSeconds ?? 60;
  const progress = stageProgress([
    { name: "analysis", seconds: STARTING_SECONDS },
    { name: "loudness", seconds: audio.loudness ? mediaSeconds / SOUND.loudness : 0 },
    { name: "audio", seconds: mediaSeconds / SOUND[audio.codec] },
    { name: "verify", seconds: STARTING_SECONDS + Math.min(60, mediaSeconds) / SOUND.waveform },
    { name: "waveform", seconds: waves.length * (STARTING_SECONDS + mediaSeconds / SOUND.waveform) },
  ]);
  const at = (stage: string, fraction: number, extra?: ProgressExtra) =>
    tell(stage, progress.at(stage, fraction).fraction, extra);
  const run = (stage: string, list: string[], logLevel: "info" | "warning" = "warning") =>
    runFfmpeg({
      ...limits,
      arguments: list,
      logLevel,
      onProgress: ({ outTimeSeconds, speed }) => {
        at(stage, expectedSeconds ? outTimeSeconds / expectedSeconds : 0, {
          mediaSeconds: outTimeSeconds,
          ...(speed !== null && { speed }),
        });
      },
    });

  const staged = join(context.stagingDir, `${name}-${context.unit.attempt}.${recording.ext}`);
  const files = { sourcePath: opened.path, targetPath: staged, threads: limits.threads };
  try {
    const measured = audio.loudness
      ? readLoudness((await run("loudness", measuringArguments(recording, files), "info")).log)
      : undefined;
    if (audio.loudness && !measured) {
      const message = `the track ${NOT_MEASURED}`;
      context.warn({ reason: "SilentTrack", message, source: opened.source.name, output: name });
    }
    const report = await run("audio", recordingArguments(recording, files, measured));
    at("verify", 0);
    const made = { sourcePath: opened.path, report, run: limits };
    const { record, warnings } = await verifyRecording(staged, recording, made);
    for (const warning of [...recording.warnings, ...warnings]) {
      context.warn({ ...warning, source: opened.source.name, output: name });
    }
    // Waveforms before the sound itself, which is moved away when it is published.
    for (const [index, product] of waves.entries()) {
      at("waveform", index / waves.length);
      await makeWaveform(context, { path: staged, record, audio, product });
    }
    const facts = {
      format: recording.wish.codec,
      ...(record.durationSeconds !== null && { durationSeconds: record.durationSeconds }),
    };
    await context.publish(staged, product, facts);
    context.record({ output: name, source: opened.source.name, arguments: report.arguments });
  } finally {
    await rm(staged, { force: true });
  }
}

async function makeWaveform(
  context: EngineContext,
  {
    path,
    record,
    audio,
    product,
  }: {
    path: string;
    record: MediaRecord;
    audio: AudioOutput;
    product: { source: OpenedSource; output: string; ext: "json" | "png"; variant: string };
  },
): Promise<void> {
  const { waveform } = audio;
  if (!waveform || (await context.findMade(product))) return;
  const staged = join(
    context.stagingDir,
    `${product.output}-${context.unit.attempt}.waveform.${product.ext}`,
  );
  const limits = ffmpegLimits(context);
  if (product.ext === "png") {
    await runFfmpeg({ ...limits, arguments: drawingArguments(path, waveform, staged) });
    await context.publish(staged, product, { format: "png", width: waveform.width, height: waveform.height });
    return;
  }
  const peaks = new Peaks(waveform.samplesPerPixel);
  const list = [
    ...inputArguments(path, { options: ["-vn"] }),
    "-map",
    "0:a:0",
    "-ac",
    "1",
    "-c:a",
    "pcm_s16le",
    "-f",
    "s16le",
    "pipe:1",
  ];
  await runFfmpeg({ ...limits, arguments: list, onData: (chunk) => peaks.add(chunk) });
  await writeFile(staged, peaks.json(record.audio[0]?.sampleRate ?? 48_000));
  await context.publish(staged, product, { format: "json" });
}
