import type { MediaJob } from "../../../crds/media-job.ts";
import { TERMINAL_PHASES } from "../../../crds/media-job-status.ts";

/** A MediaJob as the register of outputs knows it. */
interface Claimant {
  key: string;
  /** Orders claimants: the older MediaJob goes first, so that two never wait for each other. */
  age: string;
  place: string;
  sources: ReadonlySet<string>;
  outputs: ReadonlySet<string>;
}

/**
 * Which MediaJobs that are not over would write the same files: those with the same destination and template,
 * and a source and an output of the same names. The younger waits for the older, so that no file is written
 * by two at once; what it then does with the file is its onConflict's business. Different templates that
 * happen to give one path are not seen here; the worker's atomic rename keeps such files whole.
 */
export class OutputClaims {
  readonly #claimants = new Map<string, Claimant>();
  /** By place and source name. */
  readonly #bySource = new Map<string, Set<string>>();

  /** Takes in a MediaJob as it is now; one that is over, or being deleted, claims nothing. */
  set(key: string, job: MediaJob): void {
    const { phase } = job.status ?? {};
    const over = (phase && TERMINAL_PHASES.includes(phase)) || job.metadata.deletionTimestamp !== undefined;
    if (!over && this.#claimants.get(key)?.age === ageOf(job)) return;
    this.remove(key);
    if (over) return;
    const claimant: Claimant = {
      key,
      age: ageOf(job),
      place: placeOf(job),
      sources: new Set(job.spec.sources.map(({ name }) => name)),
      outputs: new Set(job.spec.outputs.map(({ name }) => name)),
    };
    this.#claimants.set(key, claimant);
    for (const source of claimant.sources) {
      const index = `${claimant.place}/${source}`;
      const keys = this.#bySource.get(index);
      if (keys) keys.add(key);
      else this.#bySource.set(index, new Set([key]));
    }
  }

  remove(key: string): void {
    const claimant = this.#claimants.get(key);
    if (!claimant) return;
    this.#claimants.delete(key);
    for (const source of claimant.sources) {
      const index = `${claimant.place}/${source}`;
      const keys = this.#bySource.get(index);
      keys?.delete(key);
      if (keys?.size === 0) this.#bySource.delete(index);
    }
  }

  /** The older MediaJob that a MediaJob has to wait for; undefined when there is none. */
  blockerOf(key: string): string | undefined {
    const self = this.#claimants.get(key);
    return self && this.#rivals(self).find(({ age }) => age < self.age)?.key;
  }

  /** The MediaJobs that wait for this one, or may. */
  waitingFor(key: string): string[] {
    const self = this.#claimants.get(key);
    return self
      ? this.#rivals(self)
          .filter(({ age }) => age > self.age)
          .map(({ key }) => key)
      : [];
  }

  #rivals(self: Claimant): Claimant[] {
    const keys = new Set<string>();
    for (const source of self.sources) {
      for (const key of this.#bySource.get(`${self.place}/${source}`) ?? []) keys.add(key);
    }
    keys.delete(self.key);
    return [...keys]
      .flatMap((key) => this.#claimants.get(key) ?? [])
      .filter(({ outputs }) => !outputs.isDisjointFrom(self.outputs));
  }
}

const ageOf = ({ metadata }: MediaJob): string => `${metadata.creationTimestamp ?? ""}/${metadata.uid ?? ""}`;

const placeOf = ({ metadata, spec: { destination } }: MediaJob): string =>
  JSON.stringify([
    metadata.namespace,
    destination.volume?.claimName,
    (destination.volume?.path ?? "").replace(/\/+$/, ""),
    destination.template,
  ]);
