import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { MetadataOutput } from "../../crds/outputs/metadata.ts";
import type { Engine, EngineContext, OpenedSource } from "../engine.ts";
import { kindOf, readHead } from "../image/read/signature.ts";
import { sha256Of } from "../storage/fingerprint.ts";
import { ffmpegVersions } from "../video/ffmpeg-versions.ts";
import { assess } from "./assessment.ts";
import { MediaFailure } from "./media-failure.ts";
import { probe } from "./probe.ts";
import { isSeekable } from "./seekable.ts";
import { readTimeline } from "./timeline.ts";

/** Raised when the same source and spec would be described otherwise than before. */
const REVISION = "5";

/**
 * Makes `metadata` outputs: what a source is, as JSON. Of a video it decodes no more than a few frames; a
 * picture is decoded once, at most at the size at which it is measured.
 */
export const metadataEngine: Engine = {
  versions: async () => ({ metadata: REVISION, ...(await ffmpegVersions()) }),
  async run(context) {
    const work = context.unit.sources.flatMap((source) =>
      context.unit.outputs.flatMap(({ name, metadata }) => (metadata ? [{ source, name, metadata }] : [])),
    );
    const told = (outputsDone: number, share = 0) =>
      context.progress("analysis", (outputsDone + share) / work.length, {
        outputsDone,
        outputsTotal: work.length,
      });
    for (const [index, { source, name, metadata }] of work.entries()) {
      try {
        const opened = await context.openSource(source);
        await writeMetadata(context, { opened, name, metadata, onShare: (share) => told(index, share) });
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof MediaFailure) error.message = `source ${source.name}: ${error.message}`;
        context.fail(error, { source: source.name, output: name });
      }
      told(index + 1);
    }
  },
};

/** What takes long is to read a source of hours whole: for its checksum, for all its packets, or for both in turn. */
async function writeMetadata(
  context: EngineContext,
  {
    opened,
    name,
    metadata,
    onShare,
  }: {
    opened: OpenedSource;
    name: string;
    metadata: MetadataOutput;
    onShare: (share: number) => void;
  },
): Promise<void> {
  const { signal } = context;
  const checksumShare = metadata.detail === "Full" ? 0.5 : 1;
  const onBytes = (bytes: number) => onShare((checksumShare * bytes) / opened.bytes);
  const packetsShare = metadata.checksum ? 0.5 : 1;
  const onPackets = (share: number) => onShare(1 - packetsShare + packetsShare * share);
  const product = { source: opened, output: name, ext: "json" };
  if (await context.findMade(product)) return;
  const isPicture = kindOf(await readHead(opened.path)) !== undefined;
  const document = {
    source: {
      name: opened.source.name,
      fileName: basename(opened.path),
      bytes: opened.bytes,
      sha256: isPicture || metadata.checksum ? await sha256Of(opened.path, { signal, onBytes }) : null,
    },
    ...(isPicture
      ? await describeStill(opened, context)
      : await describeMoving(opened.path, { ...metadata, signal, onPackets })),
  };
  const staged = join(context.stagingDir, `${name}-${context.unit.attempt}.json`);
  await writeFile(staged, `${JSON.stringify(document, null, 2)}\n`);
  await context.publish(staged, product, { format: "json" });
}

async function describeMoving(
  path: string,
  {
    detail,
    signal,
    onPackets,
  }: Pick<MetadataOutput, "detail"> & { signal: AbortSignal; onPackets: (share: number) => void },
) {
  const record = await probe(path, signal);
  const stream = record.video[0] ?? record.audio[0];
  const timeline = stream
    ? await readTimeline(path, {
        index: stream.index,
        complete: detail === "Full",
        durationSeconds: isSeekable(record) ? record.durationSeconds : null,
        signal,
        onSeconds: (seconds) => {
          if (record.durationSeconds) onPackets(Math.min(1, seconds / record.durationSeconds));
        },
      })
    : null;
  return {
    kind: record.video.length > 0 ? "video" : record.audio.length > 0 ? "audio" : "other",
    media: record,
    timeline,
    assessment: assess(record, record.video.length > 0 ? timeline : null),
  };
}

/** sharp is loaded only here: a probe of a video never pays for libvips. */
async function describeStill(opened: OpenedSource, context: EngineContext) {
  const { describePicture } = await import("./picture-record.ts");
  return { kind: "image", picture: await describePicture(opened, context) };
}
