import type { Failure, MadeOutput } from "../../crds/result.ts";
import type { Source } from "../../crds/source.ts";
import type { Unit } from "../../crds/unit.ts";
import type { OpenedSource, Product } from "../engine.ts";
import { earlyValues } from "./early-values.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { MadeFile, MadeRecord, MadeRecords } from "./made-records.ts";
import { programPrint } from "./program-print.ts";
import { keyOf } from "./target-names.ts";
import { openVolumeSource } from "./volume.ts";

/** What is asked of the destination. */
interface Standing {
  /** Whether the file is there with the bytes that it was made with. */
  isIntact(target: string, made: MadeOutput): Promise<boolean>;
  /** The path that a product with these facts is given. @throws NamingError where they are not enough. */
  targetOf(product: Product, made: MadeOutput): string;
  uriOf(target: string): string;
}

/** Files beside its source that may go into an output which is still remembered. */
const MOST_INPUTS = 50;

/**
 * Spares work that another MediaJob has done at the same destination: an output whose files all stand as they were
 * made, from the same source, spec and engine, is not made again. Where onConflict is not Overwrite, what stands there
 * is not replaced anyway.
 */
export class Reuse {
  readonly #unit: Unit;
  readonly #versions: Record<string, string>;
  readonly #volumeRoot: (claimName: string) => string;
  readonly #records: MadeRecords;
  readonly #standing: Standing;
  /** By source and output, the files that this attempt published; null where an earlier attempt made some of them. */
  readonly #published = new Map<string, { product: Product; files: MadeFile[] } | null>();
  /** By source and output, the files that stand as another MediaJob made them. */
  readonly #reusable = new Map<string, Promise<readonly MadeFile[]>>();
  readonly #reused = new Map<string, MadeOutput>();
  #remembers: boolean;

  constructor(parts: {
    unit: Unit;
    versions: Record<string, string>;
    volumeRoot: (claimName: string) => string;
    records: MadeRecords;
    standing: Standing;
  }) {
    this.#unit = parts.unit;
    this.#versions = parts.versions;
    this.#volumeRoot = parts.volumeRoot;
    this.#records = parts.records;
    this.#standing = parts.standing;
    this.#remembers = parts.unit.destination.onConflict === "Overwrite";
  }

  /**
   * The file as another MediaJob made it. Of an output that this attempt has begun to make there is none.
   *
   * @param isTaken whether the output, with all its files, then counts as one that is not made again
   */
  async find(product: Product, { isTaken }: { isTaken: boolean }): Promise<MadeFile | undefined> {
    const group = groupOf(product);
    if (this.#unit.destination.onConflict !== "Overwrite" || this.#published.has(group)) return undefined;
    let reusable = this.#reusable.get(group);
    if (!reusable) {
      reusable = this.#standingFiles(product);
      this.#reusable.set(group, reusable);
    }
    const files = await reusable;
    const found = files.find(({ key }) => key === keyOf(product));
    if (!found || !this.#isNamedSo(product, found)) return undefined;
    if (isTaken) for (const { target, made } of files) this.#reused.set(target, made);
    return found;
  }

  /** All files of the outputs that are not made again; an engine may have asked for one of many. */
  files(): MadeOutput[] {
    return [...this.#reused.values()];
  }

  /** Takes note of a file that this attempt has given its name. */
  note(product: Product, target: string, made: MadeOutput): void {
    const group = groupOf(product);
    const known = this.#published.get(group);
    const file = { key: keyOf(product), target, made };
    if (known) known.files.push(file);
    else if (known === undefined) this.#published.set(group, { product, files: [file] });
  }

  /** An earlier attempt made it, and what went into it is not known here: its output is not remembered. */
  noteEarlier(product: Product): void {
    this.#published.set(groupOf(product), null);
  }

  /** From now on nothing is remembered of what this attempt makes. */
  forget(): void {
    this.#remembers = false;
  }

  /** Leaves word of the outputs that this attempt made whole, for MediaJobs to come. */
  async remember({
    opened,
    failures,
  }: {
    opened: readonly OpenedSource[];
    failures: readonly Failure[];
  }): Promise<void> {
    if (!this.#remembers) return;
    const records = new Map<string, MadeRecord>();
    for (const made of this.#published.values()) {
      if (!made || failures.some((failure) => concerns(failure, made.product))) continue;
      const { product, files } = made;
      const inputs = this.#inputsOf(product, opened);
      if (inputs.length > MOST_INPUTS) continue;
      const fingerprint = await this.#fingerprint(product);
      records.set(this.#nameOf(product), { version: "v1", fingerprint, inputs, files, job: this.#unit.job });
    }
    if (records.size > 0) await this.#records.leave(records);
  }

  /**
   * What was opened for a source besides itself: a watermark, subtitles, what is appended. A watermark may be a source
   * of the same unit; what the other sources opened for themselves went into their outputs alone.
   */
  #inputsOf({ source: { source: own } }: Product, opened: readonly OpenedSource[]): MadeRecord["inputs"] {
    const companions = new Set(this.#unit.companions?.map(({ name }) => name));
    const others = new Set(
      this.#unit.sources.map(({ name }) => name).filter((name) => !companions.has(name)),
    );
    const inputs = opened.flatMap(({ source: { name, volume }, identity }) =>
      volume && (name === own.name ? !isSamePlace(volume, own.volume) : !others.has(name))
        ? [{ ...volume, identity }]
        : [],
    );
    return [...new Map(inputs.map((input) => [JSON.stringify(input), input])).values()];
  }

  /** The files of an output; none unless all of them stand as they were made, from the same things. */
  async #standingFiles(product: Product): Promise<readonly MadeFile[]> {
    const found = await this.#records.find(this.#nameOf(product));
    if (!found || found.fingerprint !== (await this.#fingerprint(product))) return [];
    for (const { identity, ...volume } of found.inputs) {
      const input = { name: product.source.source.name, volume };
      const opened = await openVolumeSource(input, this.#volumeRoot).catch(() => undefined);
      if (opened?.identity !== identity) return [];
    }
    for (const { target, made } of found.files)
      if (!isBelow(target) || !(await this.#standing.isIntact(target, made))) return [];
    return found.files.map(({ key, target, made }) => {
      const uri = this.#standing.uriOf(target); // the same volume may have been reached by another claim
      return { key, target, made: { ...made, uri, phase: "Skipped", reused: true } };
    });
  }

  /** A record that lacks what the template asks for names nothing. */
  #isNamedSo(product: Product, { target, made }: MadeFile): boolean {
    try {
      return this.#standing.targetOf(product, made) === target;
    } catch {
      return false;
    }
  }

  /** Made of what gives the files of an output their names, as far as that is known before they are made. */
  #nameOf({ source, output }: Product): string {
    const { template } = this.#unit.destination;
    return JSON.stringify([template, earlyValues(this.#unit, { source: source.source, output, ext: "" })]);
  }

  /** Of all that decides what is in the files of an output. */
  async #fingerprint({ source, output }: Product): Promise<string> {
    const { sources: _, ...spec } = this.#unit.outputs.find(({ name }) => name === output) ?? {};
    return fingerprintOf(source.identity, spec, this.#versions, await programPrint());
  }
}

const isSamePlace = (a: NonNullable<Source["volume"]>, b: Source["volume"]): boolean =>
  a.claimName === b?.claimName && a.path === b.path;

/** Files of one output of one source belong together. */
const groupOf = ({ source, output }: Product): string => `${source.source.name}/${output}`;

const concerns = ({ source, output }: Failure, product: Product): boolean =>
  (source === undefined || source === product.source.source.name) &&
  (output === undefined || output === product.output);

/** Whether a path that was read from a file leads to a place below, and not to the workers' own. */
const isBelow = (target: string): boolean =>
  !target.split("/").some((segment) => segment === ".." || segment === "") && !target.startsWith(".mediajob");
