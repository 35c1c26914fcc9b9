import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** What one look costs is small beside what a program writes in that time. */
const LOOK_MS = 500;

/**
 * The share of the limit at which an attempt is ended: the kubelet evicts a pod that is over it, and of an eviction
 * nobody learns which unit wrote how much.
 */
const LEAST_ROOM = 0.05;

/** Watches how much an attempt keeps in its scratch directory, and calls `onFull` once. Returns what ends it. */
export function watchScratch(
  directory: string,
  {
    limitBytes,
    onFull,
    lookMs = LOOK_MS,
  }: { limitBytes: number; onFull: (usedBytes: number) => void; lookMs?: number },
): () => void {
  let ended = false;
  let timer: NodeJS.Timeout;
  const look = async () => {
    const usedBytes = await usedBytesOf(directory);
    if (ended) return;
    if (usedBytes > limitBytes * (1 - LEAST_ROOM)) onFull(usedBytes);
    else timer = setTimeout(look, lookMs).unref();
  };
  timer = setTimeout(look, lookMs).unref();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** Bytes on disk of all files below a directory, as the kubelet counts them; links count nothing. */
export async function usedBytesOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ blocks }) => blocks * 512,
          () => 0, // gone meanwhile
        ),
      ),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
