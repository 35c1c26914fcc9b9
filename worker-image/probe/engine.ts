import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { MetadataOutput } from "../../crds/outputs/metadata.ts";
import type { Engine, EngineContext, OpenedSource } from "../engine.ts";
import { ffmpegVersions } from "../video/ffmpeg-versions.ts";
import { assess } from "./assessment.ts";
import { MediaFailure } from "./media-failure.ts";
import { describePicture } from "./picture-record.ts";
import { probe } from "./probe.ts";
import { readTimeline } from "./timeline.ts";

/** Makes `metadata` outputs: what a source is, as JSON. It reads and never decodes more than a frame. */
export const metadataEngine: Engine = {
  versions: ffmpegVersions,
  async run(context) {
    const work = context.unit.sources.flatMap((source) =>
      context.unit.outputs.flatMap(({ name, metadata }) => (metadata ? [{ source, name, metadata }] : [])),
    );
    for (const [index, { source, name, metadata }] of work.entries()) {
      try {
        await writeMetadata(context, { opened: await context.openSource(source), name, metadata });
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof MediaFailure) error.message = `source ${source.name}: ${error.message}`;
        context.fail(error, { source: source.name, output: name });
      }
      context.progress("analysis", (index + 1) / work.length, {
        outputsDone: index + 1,
        outputsTotal: work.length,
      });
    }
  },
};

async function writeMetadata(
  context: EngineContext,
  { opened, name, metadata }: { opened: OpenedSource; name: string; metadata: MetadataOutput },
): Promise<void> {
  const product = { source: opened, output: name, ext: "json" };
  if (await context.findMade(product)) return;
  const document = {
    source: {
      name: opened.source.name,
      fileName: basename(opened.path),
      bytes: opened.bytes,
      sha256: metadata.checksum ? await sha256Of(opened.path, context.signal) : null,
    },
    ...(await describe(opened.path, metadata, context.signal)),
  };
  const staged = join(context.stagingDir, `${name}-${context.unit.attempt}.json`);
  await writeFile(staged, `${JSON.stringify(document, null, 2)}\n`);
  await context.publish(staged, product, { format: "json" });
}

async function describe(path: string, { detail }: MetadataOutput, signal: AbortSignal) {
  try {
    const record = await probe(path, signal);
    const stream = record.video[0] ?? record.audio[0];
    const timeline = stream
      ? await readTimeline(path, { index: stream.index, complete: detail === "Full", signal })
      : null;
    return {
      kind: record.video.length > 0 ? "video" : record.audio.length > 0 ? "audio" : "other",
      media: record,
      timeline,
      assessment: assess(record, record.video.length > 0 ? timeline : null),
    };
  } catch (error) {
    const picture =
      error instanceof MediaFailure && error.reason === "UnsupportedFormat"
        ? await describePicture(path)
        : undefined;
    if (!picture) throw error;
    return { kind: "image", picture };
  }
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest("hex");
}
