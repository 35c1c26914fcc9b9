import { createHash } from "node:crypto";
import { rename } from "node:fs/promises";
import type { StreamEncryption } from "../../crds/outputs/stream.ts";
import type { EngineContext } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import type { SecretRef } from "../storage/secret.ts";
import { WorkFailure } from "../work-failure.ts";
import { encryptSegments } from "./aes-128.ts";
import { encryptSamples } from "./cbcs.ts";
import { readKeyframeRanges } from "./keyframe-ranges.ts";
import { joinShortTail, type MediaFile, readMediaFile } from "./media-file.ts";
import type { Stream } from "./stream.ts";

/** The key of a stream, from its Secret. @throws WorkFailure SecretMissing. */
export const readKey = async (
  context: Pick<EngineContext, "readSecret">,
  { keySecretRef }: Pick<StreamEncryption, "keySecretRef">,
): Promise<Buffer> => keyOf(await context.readSecret(keySecretRef), keySecretRef);

/**
 * Encrypts the media of a finished stream in place, after it was verified in the clear. The key goes nowhere but into
 * the cipher: manifests tell players where to get it.
 *
 * @throws WorkFailure EncoderMissing, EngineFailed.
 */
export async function protect(
  stream: Stream,
  wish: StreamEncryption,
  work: {
    key: Buffer;
    context: EngineContext;
    segmentSeconds: number;
    staged: (fileName: string) => string;
  },
): Promise<Stream> {
  const { key, context, staged } = work;
  const { method, keyUri, keyFormat = "identity", keyId = keyIdOf(keyUri) } = wish;
  const protection = { method, keyUri, keyFormat, keyId };
  const clear = [...stream.video, ...stream.audio];
  const sealed = (fileName: string) => staged(`sealed-${fileName}`);
  if (method === "AES-128") {
    const media = new Map<string, MediaFile>();
    for (const { fileName, media: from } of clear) {
      media.set(
        fileName,
        await encryptSegments(from, { path: staged(fileName), target: sealed(fileName), key }),
      );
    }
    await replace(clear, { sealed, staged });
    return {
      ...stream,
      // A part of an encrypted segment cannot be decrypted by itself, so there are no pictures for winding.
      video: stream.video.map((each) => ({
        ...each,
        media: media.get(each.fileName) ?? each.media,
        keyframes: [],
      })),
      audio: stream.audio.map((each) => ({ ...each, media: media.get(each.fileName) ?? each.media })),
      protection,
    };
  }
  const tracks = (kind: "video" | "audio") =>
    stream[kind].map(({ fileName }) => ({ kind, path: staged(fileName), target: sealed(fileName) }));
  await encryptSamples([...tracks("video"), ...tracks("audio")], {
    key,
    keyId: protection.keyId,
    segmentSeconds: work.segmentSeconds,
    context,
  });
  await replace(clear, { sealed, staged });
  return { ...(await readAgain(stream, staged)), protection };
}

async function replace(
  files: readonly { fileName: string }[],
  { sealed, staged }: { sealed: (fileName: string) => string; staged: (fileName: string) => string },
): Promise<void> {
  for (const { fileName } of files) await rename(sealed(fileName), staged(fileName));
}

/** Sizes and places changed; lengths must not have. */
async function readAgain(stream: Stream, staged: (fileName: string) => string): Promise<Stream> {
  const video: Stream["video"][number][] = [];
  for (const rendition of stream.video) {
    const media = await readMediaFile(staged(rendition.fileName));
    refuseOtherLength(rendition, media);
    const keyframes = await readKeyframeRanges(staged(rendition.fileName), media.segments);
    video.push({ ...rendition, media, keyframes });
  }
  const audio: Stream["audio"][number][] = [];
  for (const rendition of stream.audio) {
    await joinShortTail(staged(rendition.fileName));
    const media = await readMediaFile(staged(rendition.fileName));
    refuseOtherLength(rendition, media);
    audio.push({ ...rendition, media });
  }
  return { ...stream, video, audio };
}

function refuseOtherLength(
  { fileName, media }: { fileName: string; media: MediaFile },
  found: MediaFile,
): void {
  const secondsOf = ({ segments }: MediaFile) => segments.reduce((sum, { seconds }) => sum + seconds, 0);
  if (Math.abs(secondsOf(found) - secondsOf(media)) <= 0.05) return;
  throw new MediaFailure(
    "VerificationFailed",
    `${fileName} lasts ${secondsOf(found)} s after it was encrypted, and ${secondsOf(media)} s before`,
  );
}

/** 16 bytes as they are, or as hexadecimal digits; never repeated in a message. */
export function keyOf(value: Buffer, { name, key }: SecretRef): Buffer {
  if (value.length === 16) return value;
  const text = value.toString("latin1").trim();
  if (/^[0-9a-f]{32}$/i.test(text)) return Buffer.from(text, "hex");
  throw new WorkFailure(
    "SecretMissing",
    `the key ${key} of the Secret ${name} must be 16 bytes or 32 hexadecimal digits, and has ${value.length} bytes`,
  );
}

/** The same for the same address, so that every stream whose key is found there has one id. */
export const keyIdOf = (keyUri: string): string =>
  createHash("sha256").update(keyUri).digest("hex").slice(0, 32);
