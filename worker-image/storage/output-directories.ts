import { chmod, mkdir, realpath } from "node:fs/promises";
import { dirname, sep } from "node:path";
import { WorkFailure } from "../work-failure.ts";
import { flush } from "./final-name.ts";
import { isShared, makeShared, SHARED_DIRECTORY_MODE } from "./private-directory.ts";
import { severalAtOnce } from "./several-at-once.ts";

const SHARED_FILE_MODE = 0o664;
const OWN_FILE_MODE = 0o644;

/** The directories that outputs go to: made when the first one does, never outside the volume. */
export class OutputDirectories {
  readonly #root: string;
  readonly #destination: string;
  readonly #changed = new Set<string>();
  /** The mode of a file in each directory that has been made ready. */
  readonly #fileModes = new Map<string, Promise<number>>();

  /**
   * @param root of the volume, free of links
   * @param destination the directory that all others lie in
   */
  constructor(root: string, destination: string) {
    this.#root = root;
    this.#destination = destination;
  }

  /** Makes a directory, and answers with the mode of a file in it. */
  async prepare(directory: string): Promise<number> {
    this.#changed.add(directory);
    return await this.#fileMode(directory);
  }

  /** Makes a directory that is not there yet. @returns false when it is, whatever it is */
  async makeNew(directory: string): Promise<boolean> {
    const fileMode = await this.prepare(dirname(directory));
    return await makeNew(directory, { isShared: fileMode === SHARED_FILE_MODE });
  }

  /**
   * Makes the new names in them outlast a crash of the node. Some network file systems refuse to flush a directory;
   * they order its changes themselves.
   */
  async settle(): Promise<void> {
    await severalAtOnce(this.#changed, (directory) => flush(directory).catch(() => undefined));
  }

  #fileMode(directory: string): Promise<number> {
    const known = this.#fileModes.get(directory);
    if (known) return known;
    const fileMode = this.#make(directory);
    this.#fileModes.set(directory, fileMode);
    return fileMode;
  }

  /**
   * What is made anew in a directory that is ready is no link, and shared as that is: one call for it, where each
   * source has a directory of its own.
   */
  async #make(directory: string): Promise<number> {
    if (directory.startsWith(this.#destination + sep)) {
      const parent = dirname(directory);
      const fileMode = await this.#fileMode(parent);
      if (await makeNew(directory, { isShared: fileMode === SHARED_FILE_MODE })) {
        this.#changed.add(parent);
        return fileMode;
      }
    }
    await staysWithin(this.#root, directory);
    await makeShared(directory);
    return (await isShared(directory)) ? SHARED_FILE_MODE : OWN_FILE_MODE;
  }
}

/** @returns false when it is there already, whatever it is */
async function makeNew(directory: string, { isShared }: { isShared: boolean }): Promise<boolean> {
  try {
    await mkdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  if (isShared) await chmod(directory, SHARED_DIRECTORY_MODE);
  return true;
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
