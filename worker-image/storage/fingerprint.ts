import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/**
 * Tells whether a file that is there already is the one that would be made: the same source, the same spec,
 * the same engine. Values are parsed by zod, so the order of keys is the schema's and the JSON is stable.
 */
export const fingerprintOf = (...parts: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

/**
 * sha256 of a file's content, in hex.
 *
 * @param onBytes told how many bytes have been read so far
 */
export async function sha256Of(
  path: string,
  { signal, onBytes }: { signal?: AbortSignal; onBytes?: (bytes: number) => void } = {},
): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  const chunks: AsyncIterable<Buffer> = createReadStream(path, {
    highWaterMark: 1 << 20,
    ...(signal && { signal }),
  });
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
    onBytes?.(bytes);
  }
  return hash.digest("hex");
}
