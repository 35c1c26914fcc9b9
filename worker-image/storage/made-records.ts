import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { PRIVATE_DIRECTORY } from "../../crds/naming.ts";
import { madeOutput } from "../../crds/result.ts";
import { makeShared } from "./private-directory.ts";
import { severalAtOnce } from "./several-at-once.ts";

/**
 * What MediaJobs have made at a destination, so that another one which asks for the very same need not make it again.
 * One small file for each source and output, `.mediajob/made/<2 digits>/<hash>.json`, where the hash is of what gives
 * an output its name: whatever is made under that name later replaces it. It proves nothing by itself; the files it
 * names must be there with the same bytes.
 */

const file = z.object({
  /** `source/output` or `source/output/variant`. */
  key: z.string(),
  /** Path below the destination. */
  target: z.string(),
  made: madeOutput,
});
export type MadeFile = z.output<typeof file>;

const record = z.object({
  version: z.literal("v1"),
  /** Of the source, the output's spec and the engine. */
  fingerprint: z.string(),
  /** Files beside the source that went into it, such as a watermark. */
  inputs: z.array(z.object({ claimName: z.string(), path: z.string(), identity: z.string() })),
  files: z.array(file),
  /** Who made it, for people. */
  job: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
});
export type MadeRecord = z.output<typeof record>;

/** Records in each of the 256 directories; beyond, the oldest go. A quarter of a million outputs at one destination. */
const MOST_RECORDS = 1000;

/** How many directories one attempt looks at for records that are too many. */
const MOST_SWEPT = 4;

export class MadeRecords {
  readonly #directory: string;
  readonly #stagingDir: string;
  /** Directories that had records when the first was asked for: a new destination has none. */
  #shards: Promise<ReadonlySet<string>> | undefined;

  constructor({ destination, stagingDir }: { destination: string; stagingDir: string }) {
    this.#directory = join(destination, PRIVATE_DIRECTORY, "made");
    this.#stagingDir = stagingDir;
  }

  /** The record of that name; undefined when there is none that can be read. */
  async find(name: string): Promise<MadeRecord | undefined> {
    this.#shards ??= readdir(this.#directory).then(
      (names) => new Set(names),
      () => new Set(),
    );
    if (!(await this.#shards).has(basename(this.#shardOf(name)))) return undefined;
    const text = await readFile(this.#pathOf(name), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return record.safeParse(JSON.parse(text)).data;
    } catch {
      return undefined;
    }
  }

  /** Leaves records, each in one step, and sweeps where they have become too many. */
  async leave(records: ReadonlyMap<string, MadeRecord>): Promise<void> {
    const directories = new Set([...records.keys()].map((name) => this.#shardOf(name)));
    await makeShared(this.#directory);
    await severalAtOnce(directories, makeShared);
    await severalAtOnce(records, async ([name, content]) => {
      const staged = join(this.#stagingDir, `${hashOf(name)}.made.json`);
      await writeFile(staged, JSON.stringify(content), { mode: 0o644 });
      await rename(staged, this.#pathOf(name));
    });
    for (const directory of [...directories].slice(0, MOST_SWEPT)) await sweep(directory);
  }

  #shardOf(name: string): string {
    return join(this.#directory, hashOf(name).slice(0, 2));
  }

  #pathOf(name: string): string {
    return join(this.#shardOf(name), `${hashOf(name)}.json`);
  }
}

/** Removes the oldest quarter of too many records. Another worker may do the same at the same time. */
async function sweep(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.length <= MOST_RECORDS) return;
  const dated = await Promise.all(
    names.map(async (name) => ({
      name,
      atMs: (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  const oldest = dated.toSorted((a, b) => a.atMs - b.atMs).slice(0, names.length - (MOST_RECORDS * 3) / 4);
  for (const { name } of oldest) await rm(join(directory, name), { force: true });
}

const hashOf = (name: string): string => createHash("sha256").update(name).digest("hex");
