import type { MediaJob } from "../../../crds/media-job.ts";
import { isTerminal } from "../../../crds/media-job-status.ts";
import { fileToken, indexToken, tokensOf } from "../../../crds/naming.ts";
import type { Source } from "../../../crds/source.ts";
import { isOver } from "../is-over.ts";
import { lastRetryOf } from "../last-retry.ts";
import { normalPath } from "../normal-path.ts";

/** A MediaJob as the register of outputs knows it. */
interface Claimant {
  uid: string;
  namespace: string | undefined;
  /** `namespace/name`, for people. */
  name: string;
  /** Orders claimants: who came first goes first, so that two never wait for each other. */
  standing: string;
  place: string;
  /** What tells its sources apart in a name, and its outputs; see `marksOf`. */
  sources: ReadonlySet<string>;
  outputs: ReadonlySet<string>;
  /** It is deleted, and counts for as long as its workers end. */
  leaving: boolean;
  /** It is suspended, and nobody knows for how long: others wait for its workers alone. */
  suspended: boolean;
}

/**
 * Which MediaJobs that are not over would write the same files: those with the same destination and template, where
 * what the template names of a source (its name, its place) and of an output (its name) is the same; where it names
 * nothing of them, all are. Who comes later waits, so that no file is written by two at once; what it then does with the
 * file is its onConflict's business. Different templates that happen to give one path are not seen here; the worker's
 * atomic rename keeps such files whole.
 *
 * One that is suspended lets others go first; when it goes on it waits for whoever is at work by then.
 *
 * One that is over and then retried comes anew: it stands behind those that came meanwhile. Standing alone is not
 * enough, since it is by seconds and known to the status only once that is written: whoever is at work goes on.
 */
export class OutputClaims {
  readonly #claimants = new Map<string, Claimant>();
  /** By place and mark of a source. */
  readonly #bySource = new Map<string, Set<string>>();

  /** Takes in a MediaJob as it is now; one that is over claims nothing. */
  set(job: MediaJob): void {
    const { uid = "", namespace, name } = job.metadata;
    const leaving = job.metadata.deletionTimestamp !== undefined;
    const over = isOver(job) && !leaving;
    const known = this.#claimants.get(uid);
    const standing = standingOf(job);
    const { suspend: suspended } = job.spec;
    if (!over && known?.standing === standing && known.leaving === leaving && known.suspended === suspended)
      return;
    this.remove(uid);
    if (over) return;
    const claimant: Claimant = {
      uid,
      namespace,
      name: `${namespace}/${name}`,
      standing,
      place: placeOf(job),
      ...marksOf(job),
      leaving,
      suspended,
    };
    this.#claimants.set(uid, claimant);
    for (const source of claimant.sources) {
      const index = `${claimant.place}/${source}`;
      const uids = this.#bySource.get(index);
      if (uids) uids.add(uid);
      else this.#bySource.set(index, new Set([uid]));
    }
  }

  /** It is gone; what it had started may still end. */
  leave(uid: string): void {
    const claimant = this.#claimants.get(uid);
    if (claimant) claimant.leaving = true;
  }

  isLeaving({ namespace, uid }: Pick<Claimant, "uid"> & { namespace?: string | undefined }): boolean {
    const claimant = this.#claimants.get(uid);
    return claimant?.namespace === namespace && claimant?.leaving === true;
  }

  remove(uid: string): void {
    const claimant = this.#claimants.get(uid);
    if (!claimant) return;
    this.#claimants.delete(uid);
    for (const source of claimant.sources) {
      const index = `${claimant.place}/${source}`;
      const uids = this.#bySource.get(index);
      uids?.delete(uid);
      if (uids?.size === 0) this.#bySource.delete(index);
    }
  }

  /**
   * The MediaJob that another has to wait for, by name; undefined when there is none.
   *
   * @param isAtWork whether workers of that MediaJob may be writing
   */
  blockerOf(uid: string, isAtWork: (uid: string) => boolean): string | undefined {
    const self = this.#claimants.get(uid);
    if (!self) return undefined;
    const rivals = this.#rivals(self);
    const first = (rival: Claimant) => !rival.leaving && !rival.suspended && rival.standing < self.standing;
    return rivals.find((rival) => first(rival) || (isAtWork(rival.uid) && !isAtWork(uid)))?.name;
  }

  /** The UIDs of MediaJobs that would write what this one writes. */
  rivalsOf(uid: string): string[] {
    const self = this.#claimants.get(uid);
    return self ? this.#rivals(self).map(({ uid }) => uid) : [];
  }

  #rivals(self: Claimant): Claimant[] {
    const uids = new Set<string>();
    for (const source of self.sources) {
      for (const uid of this.#bySource.get(`${self.place}/${source}`) ?? []) uids.add(uid);
    }
    uids.delete(self.uid);
    return [...uids]
      .flatMap((uid) => this.#claimants.get(uid) ?? [])
      .filter(({ outputs }) => !outputs.isDisjointFrom(self.outputs));
  }
}

/**
 * Since when it wants to write: its creation, or the last time it was retried after its end. A retry that no status
 * tells of yet comes after all that have a time.
 */
function standingOf({ metadata, status }: MediaJob): string {
  const since = isTerminal(status?.phase) ? NOT_YET : (lastRetryOf(status) ?? metadata.creationTimestamp);
  return `${since ?? ""}/${metadata.uid ?? ""}`;
}

/** After every RFC 3339 time, by the alphabet. */
const NOT_YET = "~";

const placeOf = ({ metadata, spec: { destination } }: MediaJob): string =>
  JSON.stringify([
    metadata.namespace,
    destination.volume?.claimName,
    normalPath(`${destination.volume?.path ?? ""}/${destination.template}`),
  ]);

/**
 * What the template makes of each source and of each output, as far as the spec says it; one for all where it makes
 * nothing of them. Files that are told apart by their hash are the same only where they have the same bytes, so that
 * names count as if they stood there.
 */
function marksOf({ spec }: MediaJob): Pick<Claimant, "sources" | "outputs"> {
  const { sources, outputs, destination } = spec;
  const asked = tokensOf(destination.template);
  const names = (token: "source" | "output") => asked.includes(token) || asked.includes("hash");
  const place = (index: number) => (asked.includes("index") ? indexToken(index, sources.length) : "");
  const file = (source: Source) => (asked.includes("file") ? fileToken(source).toLowerCase() : "");
  return {
    sources: new Set(
      sources.map((source, index) => `${names("source") ? source.name : ""}/${place(index)}/${file(source)}`),
    ),
    outputs: new Set(outputs.map(({ name }) => (names("output") ? name : ""))),
  };
}
