import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext } from "../engine.ts";

/** Writes a finished file where it is published from, and flushes it. */
export async function stage(
  content: Buffer | string,
  { stagingDir, signal }: EngineContext,
): Promise<string> {
  signal.throwIfAborted();
  const path = join(stagingDir, randomUUID());
  await writeFile(path, content, { flush: true });
  return path;
}
