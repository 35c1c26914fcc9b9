import type { MadeOutput, SourceFacts, Warning } from "../crds/result.ts";
import type { Source } from "../crds/source.ts";
import type { Unit } from "../crds/unit.ts";
import type { MediaRecord } from "./probe/record.ts";
import type { Handover } from "./storage/handover.ts";
import type { SecretRef } from "./storage/secret.ts";
import type { Subject } from "./work-failure.ts";

/**
 * An engine makes the outputs of one family. It owns pixels and samples and nothing else: where bytes come
 * from, how they reach their final name, what is told to whom and how the attempt ends is the runtime's.
 */
export interface Engine {
  /** Of everything that decides what the bytes look like. A change makes earlier outputs stale. */
  versions(): Promise<Record<string, string>> | Record<string, string>;
  /**
   * Makes every output of the unit from every source of it. A failure of one source or output is told with
   * `context.fail` and the rest goes on; what is thrown fails the whole attempt.
   */
  run(context: EngineContext): Promise<void>;
}

/** What an engine is given. */
export interface EngineContext {
  readonly unit: Unit;
  readonly limits: Unit["limits"];
  /** Aborted when the attempt has to stop; an engine stops its work and throws the signal's reason. */
  readonly signal: AbortSignal;
  /** For intermediate files; within `limits.scratchBytes`. */
  readonly scratchDir: string;
  /** On the destination's file system: what is published is written here. Swept however the attempt ends. */
  readonly stagingDir: string;

  /** What other units of the MediaJob have left, and where to leave files for them. */
  readonly handover: Handover;

  /** @throws WorkFailure SourceNotFound, SourceUnreadable, SourceEmpty, SourceIsDirectory, SourceOutsideVolume. */
  openSource(source: Source): Promise<OpenedSource>;

  /** What a source of video or sound is; ffprobe is asked once for each in an attempt. @throws MediaFailure. */
  probe(source: OpenedSource): Promise<MediaRecord>;

  /**
   * One value of a Secret that the unit names. Whoever reads it lets it reach no log, record or message.
   *
   * @throws WorkFailure SecretMissing.
   */
  readSecret(ref: SecretRef): Promise<Buffer>;

  /**
   * The output as it stands already: made by an earlier attempt, or by another MediaJob, from the same source, spec
   * and engine; or kept because onConflict is Skip. It is counted; the engine must not make it again.
   *
   * @throws WorkFailure OutputExists when onConflict is Fail and the name is known and taken.
   */
  findMade(product: Product): Promise<MadeOutput | undefined>;

  /** Whether `findMade` would find it; counts nothing. For a unit that only prepares what another one publishes. */
  isMade(product: Product): Promise<boolean>;

  /**
   * Moves a finished, verified file from the staging directory to its final name, in one atomic step, and
   * counts it. The file is gone from the staging directory afterwards.
   *
   * @throws WorkFailure OutputExists, OutputPathConflict, DestinationUnwritable, DiskFull, StorageError.
   */
  publish(stagedPath: string, product: Product, facts: ProductFacts): Promise<MadeOutput>;

  /**
   * Removes what stands under the product's name from before, where onConflict lets it be replaced: what led to files
   * that others replace now. Nothing is removed that is not a file, and nothing that the unit reads.
   *
   * @throws WorkFailure OutputPathConflict, DestinationUnwritable, StorageError.
   */
  withdraw(product: Product): Promise<void>;

  /** Takes what is known of each source of a unit that probes, in their order; for the result. */
  found(facts: readonly SourceFacts[]): void;

  /** `fraction` of the whole unit, 0 to 1; never falls. Coalesced, so it may be called for every frame. */
  progress(stage: string, fraction: number, extra?: ProgressExtra): void;
  warn(warning: Warning): void;
  /** Counts one source or output as failed. The class decides whether another attempt is asked for. */
  fail(error: unknown, subject: Subject): void;
  /** Watches a child's memory until it ends, for `usage.peakMemoryBytes`. */
  watchChild(pid: number): void;
  /** Keeps arguments and measurements for the manifest. */
  record(entry: Record<string, unknown>): void;
}

export interface OpenedSource {
  readonly source: Source;
  /** A regular file with at least one byte; free of links. */
  readonly path: string;
  readonly bytes: number;
  /** Changes when the source's content does. */
  readonly identity: string;
}

/** One file that is to be made. */
export interface Product {
  readonly source: OpenedSource;
  /** Name of the output in the unit. */
  readonly output: string;
  /** Tells apart the files of one output, e.g. `640w.webp`; unset when there is one. */
  readonly variant?: string | undefined;
  /** Goes before the extension, for files of one output that the template does not tell apart. */
  readonly suffix?: string | undefined;
  /** Names this file instead of the destination's template. */
  readonly template?: string | undefined;
  /**
   * Set where the files of an output name each other: they share a directory that no other output is in, and none of
   * them is kept from an earlier attempt, whose bytes may be others.
   */
  readonly isOfDirectory?: boolean;
  readonly ext: string;
}

/** What was verified about a finished file. */
export interface ProductFacts {
  format?: string;
  width?: number;
  height?: number;
  durationSeconds?: number;
  /** Spares a second reading of the file. */
  sha256?: string;
  /** How many were written; a file of another length is not published. */
  bytes?: number;
  /** Whether it was flushed to the disk when it was written, which spares doing so again. */
  flushed?: boolean;
}

export interface ProgressExtra {
  outputsDone?: number;
  outputsTotal?: number;
  mediaSeconds?: number;
  speed?: number;
}
