import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeShared } from "./private-directory.ts";

/**
 * Files that units of one MediaJob leave for each other, such as the parts of a long video, in
 * `.mediajob/<uid>/parts/` at the destination. A file is whole or not there; nobody else knows their names.
 */
export interface Handover {
  /** The local path of a file that was left; undefined when there is none. */
  find(name: string): Promise<string | undefined>;
  /** Moves a finished file from the staging directory there, in one step. One of that name is replaced. */
  leave(stagedPath: string, name: string): Promise<void>;
  /** Removes files once they have served. Those that are gone already are no error. */
  remove(names: readonly string[]): Promise<void>;
}

/** The handover on a mounted volume: renames within one file system. */
export class VolumeHandover implements Handover {
  readonly #directory: string;

  constructor(jobDirectory: string) {
    this.#directory = join(jobDirectory, "parts");
  }

  async find(name: string): Promise<string | undefined> {
    const path = join(this.#directory, name);
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    return found?.isFile() ? path : undefined;
  }

  async leave(stagedPath: string, name: string): Promise<void> {
    await makeShared(this.#directory);
    await rename(stagedPath, join(this.#directory, name));
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.#directory, name), { force: true });
  }
}
