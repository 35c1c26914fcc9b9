import { join, resolve } from "node:path";
import { command } from "./cluster/command.ts";

const repository = resolve(import.meta.dirname, "..");

/**
 * The programs under test, bundled as they are shipped: a worker, which tests start some five hundred times, takes half
 * as long to start as from its sources. Who runs one of them names `bundlePrograms` among the global setups.
 */
export const PROGRAMS = {
  worker: join(repository, "dist/worker.js"),
  mediajob: join(repository, "dist/mediajob.js"),
  operator: join(repository, "dist/operator.js"),
} as const;

/** Vitest's global setup of the projects that run programs. */
export default async function bundlePrograms(): Promise<void> {
  await command(process.execPath, [join(repository, "build.config.ts")]);
}
