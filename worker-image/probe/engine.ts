import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { MetadataOutput } from "../../crds/outputs/metadata.ts";
import { eachOutput, type OutputTask } from "../each-output.ts";
import type { Engine, EngineContext, OpenedSource } from "../engine.ts";
import { kindOf, readHead } from "../image/read/signature.ts";
import { sha256Of } from "../storage/fingerprint.ts";
import { ffmpegVersions } from "../video/ffmpeg-versions.ts";
import { assess } from "./assessment.ts";
import { probe } from "./probe.ts";
import { isSeekable } from "./seekable.ts";
import { readTimeline } from "./timeline.ts";

/** Raised when the same source and spec would be described otherwise than before. */
const REVISION = "6";

/**
 * Makes `metadata` outputs: what a source is, as JSON. Of a video it decodes no more than a few frames; a
 * picture is decoded once, at most at the size at which it is measured.
 */
export const metadataEngine: Engine = {
  versions: async () => ({ metadata: REVISION, ...(await ffmpegVersions()) }),
  run: (context) =>
    eachOutput(context, { family: "metadata", stage: "analysis" }, (task) => writeMetadata(context, task)),
};

/** What takes long is to read a source of hours whole: for its checksum, for all its packets, or for both in turn. */
async function writeMetadata(
  context: EngineContext,
  { opened, name, wish: metadata, tell }: OutputTask<MetadataOutput>,
): Promise<void> {
  const { signal } = context;
  const onShare = (share: number) => tell("analysis", share);
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
