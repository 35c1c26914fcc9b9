import { realpath } from "node:fs/promises";
import { dirname, sep } from "node:path";
import { WorkFailure } from "../work-failure.ts";
import { flush } from "./final-name.ts";
import { isShared, makeShared } from "./private-directory.ts";
import { severalAtOnce } from "./several-at-once.ts";

/** The directories that outputs go to: made when the first one does, never outside the volume. */
export class OutputDirectories {
  readonly #root: string;
  readonly #changed = new Set<string>();
  /** The mode of a file in each directory that has been made ready. */
  readonly #fileModes = new Map<string, Promise<number>>();

  /** @param root of the volume, free of links */
  constructor(root: string) {
    this.#root = root;
  }

  /** Makes a directory, and answers with the mode of a file in it. */
  async prepare(directory: string): Promise<number> {
    let fileMode = this.#fileModes.get(directory);
    if (!fileMode) {
      fileMode = staysWithin(this.#root, directory)
        .then(() => makeShared(directory))
        .then(async () => ((await isShared(directory)) ? 0o664 : 0o644));
      this.#fileModes.set(directory, fileMode);
    }
    this.#changed.add(directory);
    return await fileMode;
  }

  /**
   * Makes the new names in them outlast a crash of the node. Some network file systems refuse to flush a directory;
   * they order its changes themselves.
   */
  async settle(): Promise<void> {
    await severalAtOnce(this.#changed, (directory) => flush(directory).catch(() => undefined));
  }
}

/** A link within the destination may lead to another directory of the volume, never out of it. */
export async function staysWithin(root: string, directory: string): Promise<void> {
  let existing = directory;
  for (;;) {
    const real = await realpath(existing).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (real !== undefined) {
      if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
      throw new WorkFailure(
        "OutputPathConflict",
        `${directory.slice(root.length + 1)} leads out of the destination's volume, by '..' or by a link`,
      );
    }
    existing = dirname(existing);
  }
}
