import { type FileHandle, open, readFile } from "node:fs/promises";
import { z } from "zod";
import { madeOutput } from "../../crds/result.ts";

/**
 * What the attempts of a unit have made so far, one JSON line a file. A line is written before its file gets
 * its final name, so a line alone proves nothing: the file must be there with the same bytes. That way a
 * crash between the two loses no more than that one file's work.
 */

const entry = z.object({
  /** `source/output` or `source/output/variant`. */
  key: z.string(),
  fingerprint: z.string(),
  /** Path below the destination. */
  target: z.string(),
  made: madeOutput,
});
export type JournalEntry = z.output<typeof entry>;

export class Journal {
  readonly #path: string;
  readonly #entries: Map<string, JournalEntry>;
  /** A promise, so that outputs which end together open it once. */
  #file: Promise<FileHandle> | undefined;

  private constructor(path: string, entries: Map<string, JournalEntry>) {
    this.#path = path;
    this.#entries = entries;
  }

  static async open(path: string): Promise<Journal> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    return new Journal(path, new Map(text.split("\n").flatMap(readLine)));
  }

  /** The last entry of that key, when it was made from the same things. */
  find(key: string, fingerprint: string): JournalEntry | undefined {
    const found = this.#entries.get(key);
    return found?.fingerprint === fingerprint ? found : undefined;
  }

  /** The last entry of each key. */
  entries(): Iterable<JournalEntry> {
    return this.#entries.values();
  }

  async append(added: JournalEntry): Promise<void> {
    this.#file ??= open(this.#path, "a", 0o644);
    const file = await this.#file;
    // The line break comes first, so that a line which a crash cut short does not swallow this one.
    await file.appendFile(`\n${JSON.stringify(added)}`);
    this.#entries.set(added.key, added);
  }

  async close(): Promise<void> {
    const file = await this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

/** A line that a crash cut short is no line. */
function readLine(line: string): [string, JournalEntry][] {
  try {
    const parsed = entry.parse(JSON.parse(line));
    return [[parsed.key, parsed]];
  } catch {
    return [];
  }
}
