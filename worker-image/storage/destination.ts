import type { Stats } from "node:fs";
import { chmod, lstat, rename, rm, stat, unlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { volumeUri, withSuffix } from "../../crds/naming.ts";
import type { MadeOutput } from "../../crds/result.ts";
import type { Unit } from "../../crds/unit.ts";
import type { OpenedSource, Product, ProductFacts } from "../engine.ts";
import { WorkFailure } from "../work-failure.ts";
import { onDestination } from "./destination-failure.ts";
import { flush, linkNew } from "./final-name.ts";
import { fingerprintOf, sha256Of } from "./fingerprint.ts";
import { type Handover, VolumeHandover } from "./handover.ts";
import { Journal } from "./journal.ts";
import { MadeRecords } from "./made-records.ts";
import { allTaken, alreadyThere, noFile, notWhole } from "./name-conflicts.ts";
import { OutputDirectories, staysWithin } from "./output-directories.ts";
import { OwnSources } from "./own-sources.ts";
import {
  emptyPrivateDirectory,
  journalsOf,
  makePrivateDirectory,
  manifestsOf,
  type PrivateDirectory,
  sweepJobDirectory,
  sweepPrivateDirectory,
} from "./private-directory.ts";
import { Reuse } from "./reuse.ts";
import { keyOf, TargetNames } from "./target-names.ts";
import { realRoot } from "./volume.ts";

interface WantedFile {
  wanted: string;
  made: Omit<MadeOutput, "uri">;
  mode: number;
}

/** `_001` to `_999`. */
const SUFFIXES = Array.from({ length: 999 }, (_, index) => `_${`${index + 1}`.padStart(3, "0")}`);

/**
 * The destination on a mounted volume. A file gets its final name by one system call, `rename` or `link`, so
 * that no reader ever sees a part of it and no other writer's file is lost unless onConflict says so.
 */
export class VolumeDestination {
  readonly #unit: Unit;
  readonly #directory: string;
  readonly #claimName: string;
  readonly #path: string;
  readonly #versions: Record<string, string>;
  readonly #private: PrivateDirectory;
  readonly #journal: Journal;
  readonly #names: TargetNames;
  readonly #directories: OutputDirectories;
  readonly #ownSources: OwnSources;
  /** By source and output, of outputs that are directories of files, where onConflict is Suffix. */
  readonly #suffixed = new Map<string, string>();
  /** What need not be made again. */
  readonly reuse: Reuse;

  private constructor(parts: {
    unit: Unit;
    root: string;
    directory: string;
    versions: Record<string, string>;
    private: PrivateDirectory;
    journal: Journal;
    volumeRoot: (claimName: string) => string;
  }) {
    const { volume } = parts.unit.destination;
    this.#unit = parts.unit;
    this.#names = new TargetNames(parts.unit);
    this.#directories = new OutputDirectories(parts.root, parts.directory);
    this.#ownSources = new OwnSources(parts.unit, parts.volumeRoot);
    this.#directory = parts.directory;
    this.#claimName = volume?.claimName ?? "";
    this.#path = volume?.path ?? "";
    this.#versions = parts.versions;
    this.#private = parts.private;
    this.#journal = parts.journal;
    this.reuse = new Reuse({
      unit: parts.unit,
      versions: parts.versions,
      volumeRoot: parts.volumeRoot,
      records: new MadeRecords({ destination: parts.directory, stagingDir: parts.private.staging }),
      standing: {
        isIntact: (target, made) => this.#isIntact(target, made),
        targetOf: (product, made) => this.#names.of(product, made, made.sha256 ?? ""),
        uriOf: (target) => this.#uri(target),
      },
    });
  }

  /** @throws WorkFailure VolumeMissing, DestinationUnwritable, OutputPathConflict, DiskFull. */
  static async open(
    unit: Unit,
    { volumeRoot, versions }: { volumeRoot: (claimName: string) => string; versions: Record<string, string> },
  ): Promise<VolumeDestination> {
    const { volume } = unit.destination;
    if (!volume) throw new WorkFailure("InvalidUnit", "destination names no volume");
    const root = await realRoot(volumeRoot(volume.claimName), volume.claimName);
    const directory = join(root, volume.path ?? "");
    return await onDestination(
      `destination ${volume.path ?? "/"} on the volume ${volume.claimName}`,
      async () => {
        await staysWithin(root, directory);
        const made = await makePrivateDirectory(directory, unit);
        const journal = await Journal.open(made.journal);
        return new VolumeDestination({ unit, root, directory, versions, private: made, journal, volumeRoot });
      },
    );
  }

  get stagingDir(): string {
    return this.#private.staging;
  }

  /** What units of this MediaJob leave for each other. */
  get handover(): Handover {
    return new VolumeHandover(this.#private.jobDirectory);
  }

  get manifestUri(): string {
    return this.#uri(this.#private.manifest.slice(this.#directory.length + 1));
  }

  /** Takes note of a file that is read, which nothing may replace then. */
  noteRead(file: OpenedSource): void {
    this.#ownSources.note(file);
  }

  /**
   * The output as it stands already, by an earlier attempt, by another MediaJob or by onConflict Skip.
   *
   * @param isTaken false for a question that nothing follows from
   */
  async findMade(product: Product, { isTaken = true } = {}): Promise<MadeOutput | undefined> {
    const entry = this.#journal.find(keyOf(product), this.#fingerprint(product));
    if (entry && (await this.#isIntact(entry.target, entry.made))) {
      this.#names.claim(entry.target, product);
      this.reuse.noteEarlier(product);
      return { ...entry.made, phase: "Skipped" };
    }
    const reused = await this.reuse.find(product, { isTaken });
    if (reused) {
      this.#names.claim(reused.target, product);
      return reused.made;
    }
    const { onConflict } = this.#unit.destination;
    if (onConflict !== "Skip" && onConflict !== "Fail") return undefined;
    const target = this.#names.early(product);
    const found = target !== undefined && (await stat(join(this.#directory, target)).catch(() => undefined));
    if (!found) return undefined;
    if (onConflict === "Fail") throw alreadyThere(target);
    await this.#ownSources.refuse(join(this.#directory, target), target);
    return this.#kept(product, target, found);
  }

  /** Moves a finished file to its final name. */
  async publish(staged: string, product: Product, facts: ProductFacts): Promise<MadeOutput> {
    return await onDestination(
      `output ${product.output} of source ${product.source.source.name}`,
      async () => {
        const { size, mode } = await stat(staged);
        const { bytes = size } = facts;
        if (size === 0 || size !== bytes) {
          const found = size === 0 ? "no bytes" : `${size} bytes where ${bytes} were made`;
          throw new WorkFailure("VerificationFailed", `output ${product.output} has ${found}`);
        }
        const sha256 = facts.sha256 ?? (await sha256Of(staged));
        if (!facts.flushed) await flush(staged);
        const wanted = this.#names.of(product, facts, sha256);
        const made: Omit<MadeOutput, "uri"> = {
          source: product.source.source.name,
          output: product.output,
          phase: "Succeeded",
          bytes: size,
          sha256,
          ...(facts.format !== undefined && { format: facts.format }),
          ...(facts.width !== undefined && { width: facts.width }),
          ...(facts.height !== undefined && { height: facts.height }),
          ...(facts.durationSeconds !== undefined && { durationSeconds: facts.durationSeconds }),
        };
        const file = { wanted, made, mode: mode & 0o7777 };
        return product.isOfDirectory
          ? await this.#placeInDirectory(staged, product, file)
          : await this.#place(staged, product, file);
      },
    );
  }

  /** Removes the file that stands under the product's name and is replaced by nothing; only where onConflict is Overwrite. */
  async withdraw(product: Product): Promise<void> {
    const target = this.#names.early(product);
    if (this.#unit.destination.onConflict !== "Overwrite" || target === undefined) return;
    await onDestination(target, async () => {
      const path = join(this.#directory, target);
      await this.#directories.prepare(dirname(path));
      const found = await lstat(path).catch(() => undefined);
      if (!found || found.isDirectory()) return;
      await this.#ownSources.refuse(path, target);
      await rm(path, { force: true });
    });
  }

  /** Leaves the manifest beside the outputs, in one atomic step as well. */
  async writeManifest(manifest: unknown): Promise<void> {
    const staged = join(this.stagingDir, "manifest.json");
    await writeFile(staged, `${JSON.stringify(manifest, null, 2)}\n`);
    await rename(staged, this.#private.manifest);
  }

  /** Writes a file that is no output beside the outputs, in one atomic step; one of that name is replaced. */
  async writeBeside(name: string, text: string): Promise<string> {
    return await onDestination(name, async () => {
      const staged = join(this.stagingDir, name);
      await writeFile(staged, text);
      await flush(staged);
      await chmod(staged, await this.#directories.prepare(this.#directory));
      await rename(staged, join(this.#directory, name));
      await flush(this.#directory).catch(() => undefined);
      return this.#uri(name);
    });
  }

  /** The manifests of all attempts of the MediaJob, as text. */
  manifests(): AsyncGenerator<string> {
    return manifestsOf(this.#private);
  }

  /**
   * The files that journals tell of and that stand with the same bytes, but those of units that are `whole`, and those
   * whose uris are `known`.
   */
  async *noted({
    whole,
    known,
  }: {
    whole: ReadonlySet<string>;
    known: ReadonlySet<string>;
  }): AsyncGenerator<{ unit: string; made: MadeOutput }> {
    for (const { unit, path } of await journalsOf(this.#private)) {
      if (whole.has(unit)) continue;
      for (const { target, made } of (await Journal.open(path)).entries()) {
        if (!known.has(made.uri) && (await this.#isIntact(target, made))) yield { unit, made };
      }
    }
  }

  /** Removes what attempts of the MediaJob left behind, up to the one of that number. */
  async sweepJob(toAttempt: number): Promise<string[]> {
    return await onDestination("sweeping", () => sweepJobDirectory(this.#private, toAttempt));
  }

  /** Makes what was published outlast a crash of the node: names live in directories, which are flushed last. */
  async settle(): Promise<void> {
    await this.#journal.close();
    await this.#directories.settle();
  }

  /** Removes what is not published once nothing more will be: on a full destination the manifest takes its room. */
  discard(): void {
    emptyPrivateDirectory(this.#private);
  }

  /** Removes what is not published, and where it lay. Safe at any time, and more than once. */
  sweep(): void {
    sweepPrivateDirectory(this.#private);
  }

  /** Replaces what an earlier attempt made, and nothing else unless onConflict says so. */
  async #placeInDirectory(
    staged: string,
    product: Product,
    { wanted, made, mode }: WantedFile,
  ): Promise<MadeOutput> {
    const { onConflict } = this.#unit.destination;
    const own = this.#journal.find(keyOf(product), this.#fingerprint(product));
    const target =
      onConflict === "Suffix"
        ? join(await this.#suffixedDirectory(product, dirname(wanted), own?.target), basename(wanted))
        : wanted;
    const replaces =
      onConflict === "Overwrite" ||
      onConflict === "Suffix" || // the directory is its own
      (own?.target === target && (await this.#isIntact(target, own.made)));
    this.#names.claim(target, product);
    const path = join(this.#directory, target);
    if (replaces) await this.#ownSources.refuse(path, target);
    const wantedMode = await this.#directories.prepare(dirname(path));
    if (mode !== wantedMode) await chmod(staged, wantedMode);
    const output = { ...made, uri: this.#uri(target) };
    const entry = { key: keyOf(product), fingerprint: this.#fingerprint(product), target, made: output };
    await this.#journal.append(entry);
    if (replaces) await rename(staged, path);
    else if (!(await linkNew(staged, path)))
      throw onConflict === "Fail" ? alreadyThere(target) : notWhole(target);
    if (onConflict === "Overwrite") this.reuse.note(product, target, output);
    return output;
  }

  /** The directory of an output, suffixed as one; that of an earlier attempt where one has made it. */
  async #suffixedDirectory(product: Product, wanted: string, earlier: string | undefined): Promise<string> {
    const key = `${product.source.source.name}/${product.output}`;
    const known = this.#suffixed.get(key) ?? (earlier === undefined ? undefined : dirname(earlier));
    const chosen = known ?? (await this.#makeSuffixed(wanted));
    this.#suffixed.set(key, chosen);
    return chosen;
  }

  async #makeSuffixed(wanted: string): Promise<string> {
    for (const suffix of ["", ...SUFFIXES]) {
      const directory = `${wanted}${suffix}`;
      if (await this.#directories.makeNew(join(this.#directory, directory))) return directory;
    }
    throw allTaken(wanted);
  }

  async #place(staged: string, product: Product, { wanted, made, mode }: WantedFile): Promise<MadeOutput> {
    const { onConflict } = this.#unit.destination;
    for (const suffix of onConflict === "Suffix" ? ["", ...SUFFIXES] : [""]) {
      const target = onConflict === "Suffix" ? withSuffix(wanted, suffix) : wanted; // of a thousand mostly the first
      const path = join(this.#directory, target);
      if (onConflict === "Overwrite" || onConflict === "Skip") await this.#ownSources.refuse(path, target);
      if (onConflict !== "Suffix") this.#names.claim(target, product);
      const wantedMode = await this.#directories.prepare(dirname(path));
      if (mode !== wantedMode) await chmod(staged, wantedMode);
      const output = { ...made, uri: this.#uri(target) };
      await this.#journal.append({
        key: keyOf(product),
        fingerprint: this.#fingerprint(product),
        target,
        made: output,
      });
      if (onConflict === "Overwrite") {
        await rename(staged, path);
        this.reuse.note(product, target, output);
        return output;
      }
      if (await linkNew(staged, path)) return output;
      if (onConflict === "Fail") throw alreadyThere(target);
      if (onConflict === "Skip") {
        await unlink(staged);
        return this.#kept(product, target, await stat(path).catch(() => lstat(path)));
      }
    }
    throw allTaken(wanted);
  }

  async #isIntact(target: string, made: MadeOutput): Promise<boolean> {
    const path = join(this.#directory, target);
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile() || found.size !== made.bytes) return false;
    return (await sha256Of(path).catch(() => undefined)) === made.sha256;
  }

  /** @throws WorkFailure OutputPathConflict when what stands there is no file that could be the output */
  #kept(product: Product, target: string, found: Stats): MadeOutput {
    if (!found.isFile()) throw noFile(target);
    this.#names.claim(target, product);
    return {
      source: product.source.source.name,
      output: product.output,
      phase: "Skipped",
      uri: this.#uri(target),
      bytes: found.size,
    };
  }

  #fingerprint(product: Product): string {
    const output = this.#unit.outputs.find(({ name }) => name === product.output);
    const { template, onConflict } = this.#unit.destination;
    return fingerprintOf(product.source.identity, output, product.ext, template, onConflict, this.#versions);
  }

  #uri(target: string): string {
    return volumeUri(this.#claimName, `${this.#path}/${target}`);
  }
}
