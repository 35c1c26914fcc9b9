import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";

/**
 * Large pictures are kept from run to run, by the code and the library that draw them: dozens of megapixels take a test
 * longer to draw than what it shows of them.
 */
export class KeptPictures {
  readonly #root: string;
  readonly #code: readonly string[];
  #directory: Promise<string> | undefined;

  /** @param code paths of all that decides the pixels */
  constructor(code: readonly string[], root: string = join(tmpdir(), "mediajob-pictures")) {
    this.#code = code;
    this.#root = root;
  }

  async get(name: string, draw: () => Promise<Buffer>): Promise<Buffer> {
    this.#directory ??= this.#open();
    const path = join(await this.#directory, name);
    const known = await readFile(path).catch(() => undefined);
    if (known) return known;
    const drawn = await draw();
    const part = `${path}-${process.pid}`;
    // A run of other code may take the directory away meanwhile.
    await writeFile(part, drawn)
      .then(() => rename(part, path))
      .catch(() => undefined);
    return drawn;
  }

  /** What other code has drawn goes: it would fill the disk, run by run. */
  async #open(): Promise<string> {
    const texts = await Promise.all(this.#code.map((path) => readFile(path, "utf8")));
    const print = createHash("sha256")
      .update(JSON.stringify([texts, sharp.versions]))
      .digest("hex");
    const others = (await readdir(this.#root).catch(() => [])).filter((name) => name !== print);
    await Promise.all(others.map((name) => rm(join(this.#root, name), { recursive: true, force: true })));
    const directory = join(this.#root, print);
    await mkdir(directory, { recursive: true });
    return directory;
  }
}
