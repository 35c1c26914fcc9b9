import type { FailureClass, FailureReason } from "../../../crds/failures.ts";
import type { MediaJob } from "../../../crds/media-job.ts";
import type { FailedAttempt } from "../../../crds/media-job-status.ts";
import { attemptKey } from "../reconcile/attempt.ts";
import type { Pause } from "./pause.ts";

/** When a scope is left alone, and for how long. */
interface BreakerRule {
  /** Failed attempts, of at least two MediaJobs, … */
  failures: number;
  /** … within this time open the circuit … */
  windowMs: number;
  /** … for this long; then one attempt may probe. */
  openMs: number;
}

/**
 * Classes whose cause lies outside the work, so that starting more of it only fails more of it. Storage fails fast
 * and all at once, so three failures say enough; an attempt that does not start
 * (`deadline`, an image that cannot be pulled, a quota) takes minutes to fail, so its window is longer.
 */
export const BREAKER_RULES: Partial<Record<FailureClass, BreakerRule>> = {
  storage: { failures: 3, windowMs: 30_000, openMs: 60_000 },
  network: { failures: 5, windowMs: 60_000, openMs: 30_000 },
  disk: { failures: 3, windowMs: 60_000, openMs: 120_000 },
  deadline: { failures: 5, windowMs: 900_000, openMs: 120_000 },
};

/** One probe may take so long; after it the next one may try. */
const PROBE_MS = 60_000;

/**
 * A circuit that could be probed and that nobody asks for is forgotten after this time: those that failed may be gone,
 * with their volume or namespace, so that no success ever closes it. A MediaJob that waits asks within minutes.
 */
const UNASKED_MS = 1_800_000;

/** The reason of such a pause. */
export const CIRCUIT_OPEN = "CircuitOpen";

const OWN_DEADLINE = "DeadlineExceeded" satisfies FailureReason;

/** A failed attempt, as the status tells of it. */
type Failed = Pick<FailedAttempt, "class" | "reason" | "unit" | "attempt" | "message">;

/** What of a MediaJob's surroundings can be down: its volumes, for what happens to data, or the cluster's room. */
function scopesOf({ metadata, spec }: MediaJob, failureClass: FailureClass): string[] {
  if (failureClass === "deadline") return [`deadline of namespace ${metadata.namespace}`];
  const claims = [...spec.sources, spec.destination].flatMap(({ volume }) =>
    volume ? [volume.claimName] : [],
  );
  return [...new Set(claims)].map((claim) => `${failureClass} of claim ${metadata.namespace}/${claim}`);
}

/**
 * Pauses starting where one class of failure hits many MediaJobs at once, and probes its way back.
 *
 *     Closed ──(failures of a rule)──> Open ──(openMs)──> HalfOpen ──success──> Closed
 *                                        ^                   │
 *                                        └──── failure ──────┘
 *
 * Forgotten when the operator restarts, or nobody asks for it any more: then the same failures open it again.
 */
export class Breakers {
  readonly #scopes = new Map<string, Scope>();

  /**
   * Notes a failed attempt, which counts once: a pass whose status is not written is done again. True when it opened a
   * circuit. That one took longer than its MediaJob allows is nobody else's trouble.
   */
  failed(job: MediaJob, failed: Failed, nowMs: number): boolean {
    const { class: failureClass, reason, message } = failed;
    const rule = BREAKER_RULES[failureClass];
    const uid = job.metadata.uid ?? "";
    const attempt = attemptKey(failed);
    if (!rule || reason === OWN_DEADLINE) return false;
    this.#forgetOld(nowMs);
    let opened = false;
    for (const name of scopesOf(job, failureClass)) {
      const scope = this.#scopes.get(name) ?? {
        failures: [],
        openUntilMs: null,
        probingUntilMs: 0,
        keptUntilMs: 0,
      };
      scope.failures = scope.failures.filter(({ atMs }) => atMs > nowMs - rule.windowMs);
      if (scope.failures.some((known) => known.job === uid && known.attempt === attempt)) continue;
      scope.failures.push({ atMs: nowMs, job: uid, attempt, message });
      const jobs = new Set(scope.failures.map((failure) => failure.job));
      const tripped = scope.failures.length >= rule.failures && jobs.size >= 2;
      if (tripped || scope.openUntilMs !== null) {
        opened ||= scope.openUntilMs === null;
        scope.openUntilMs = nowMs + rule.openMs;
        scope.probingUntilMs = 0;
      }
      scope.keptUntilMs = nowMs + (scope.openUntilMs === null ? rule.windowMs : rule.openMs + UNASKED_MS);
      this.#scopes.set(name, scope);
    }
    return opened;
  }

  /** Notes that a unit was done: all that it needs is there. One that only read does not show that a disk has room. */
  succeeded(job: MediaJob, { wrote }: { wrote: boolean }): void {
    if (this.#scopes.size === 0) return;
    for (const failureClass of Object.keys(BREAKER_RULES) as FailureClass[]) {
      if (failureClass === "disk" && !wrote) continue;
      for (const name of scopesOf(job, failureClass)) this.#scopes.delete(name);
    }
  }

  /** What keeps a MediaJob's units from starting; undefined when nothing does. To ask for it keeps a circuit. */
  pauseOf(job: MediaJob, nowMs: number): OpenCircuit | undefined {
    if (this.#scopes.size === 0) return undefined; // as good as always
    let longest: OpenCircuit | undefined;
    for (const failureClass of Object.keys(BREAKER_RULES) as FailureClass[]) {
      for (const name of scopesOf(job, failureClass)) {
        const scope = this.#scopes.get(name);
        if (!scope || scope.openUntilMs === null || scope.keptUntilMs <= nowMs) continue;
        const untilMs = Math.max(scope.openUntilMs, scope.probingUntilMs);
        scope.keptUntilMs = Math.max(scope.keptUntilMs, nowMs + UNASKED_MS);
        const pause = {
          reason: CIRCUIT_OPEN,
          scope: name,
          starts: untilMs > nowMs ? (0 as const) : (1 as const),
          untilMs,
          message: `${scope.failures.length} attempts failed lately (${name}), the last with: ${scope.failures.at(-1)?.message}; starting is paused and tried again bit by bit`,
        };
        if (!longest || pause.starts < longest.starts || pause.untilMs > longest.untilMs) longest = pause;
      }
    }
    return longest;
  }

  /** Notes that the one attempt a half-open circuit lets through has started. */
  probing(job: MediaJob, nowMs: number): void {
    const pause = this.pauseOf(job, nowMs);
    const scope = pause && this.#scopes.get(pause.scope);
    if (scope) scope.probingUntilMs = nowMs + PROBE_MS;
  }

  /** Open circuits, for metrics. */
  open(nowMs: number): string[] {
    this.#forgetOld(nowMs);
    return [...this.#scopes].filter(([, { openUntilMs }]) => openUntilMs !== null).map(([name]) => name);
  }

  #forgetOld(nowMs: number): void {
    for (const [name, { keptUntilMs }] of this.#scopes) if (keptUntilMs <= nowMs) this.#scopes.delete(name);
  }
}

interface OpenCircuit extends Pause {
  scope: string;
  untilMs: number;
}

interface Scope {
  failures: { atMs: number; job: string; attempt: string; message: string }[];
  /** Null while closed. */
  openUntilMs: number | null;
  probingUntilMs: number;
  /** When it says nothing any more: failures are too old, or nobody has asked for long. */
  keptUntilMs: number;
}
