import type { ProgressMessage } from "../../crds/progress.ts";
import type { UnitProgress } from "../core/reconcile/decision.ts";

/**
 * What running workers said last, by MediaJob. Held in memory only: after a restart it fills again within a
 * second, and no decision rests on it. A unit takes 100 bytes, until its MediaJob is over.
 */
export class ProgressView {
  readonly #jobs = new Map<string, Map<string, UnitProgress & { sequence: number }>>();

  /** Takes a report in; false when a later one is known, of this attempt or of a newer one. */
  accept({ job, unit, attempt, sequence, fraction, stage }: ProgressMessage): boolean {
    const units = this.#jobs.get(job.uid) ?? new Map<string, UnitProgress & { sequence: number }>();
    const known = units.get(unit);
    if (known && (known.attempt > attempt || (known.attempt === attempt && known.sequence >= sequence)))
      return false;
    const before = known?.attempt === attempt ? known.fraction : 0;
    units.set(unit, { attempt, sequence, stage, fraction: Math.max(before, fraction) });
    this.#jobs.set(job.uid, units);
    return true;
  }

  /** By unit name. */
  of(jobUid: string): ReadonlyMap<string, UnitProgress> {
    return this.#jobs.get(jobUid) ?? new Map();
  }

  forget(jobUid: string): void {
    this.#jobs.delete(jobUid);
  }
}
