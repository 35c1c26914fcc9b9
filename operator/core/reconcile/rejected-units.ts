import { FAILURE_REASONS, type FailureReason } from "../../../crds/failures.ts";
import type { Failure } from "../../../crds/result.ts";
import type { Rejection } from "../queue/rejections.ts";
import { generationOf, MOST_ATTEMPTS } from "./attempt.ts";
import type { Trouble } from "./trouble.ts";
import { isUsedUpQuota } from "./used-up-quota.ts";

/** The reason of what is told meanwhile, and of the failure it may come to. */
export const REJECTED = "UnitCreationRejected" satisfies FailureReason;

/**
 * Where so many units of a MediaJob are refused, it is not for what they are: the others wait with them. And where so
 * many were refused to the end, those that are refused after them end at once.
 */
const MANY = 3;

/** What the refusals of the API server mean for the units of a MediaJob now. */
export class RejectedUnits {
  readonly #rejections: ReadonlyMap<string, Rejection>;
  readonly #startDeadlineMs: number;
  readonly #isStopping: boolean;
  readonly #nowMs: number;
  /** The units that are not asked for again yet. */
  readonly #waiting: [string, Rejection][];
  readonly #isHopeless: boolean;

  constructor(
    rejections: ReadonlyMap<string, Rejection>,
    {
      generation,
      startDeadlineMs,
      isStopping = false,
      nowMs,
    }: { generation: number; startDeadlineMs: number; isStopping?: boolean; nowMs: number },
  ) {
    this.#rejections = rejections;
    this.#startDeadlineMs = startDeadlineMs;
    this.#isStopping = isStopping;
    this.#nowMs = nowMs;
    const own = [...rejections].filter(([, { attempt }]) => generationOf(attempt) === generation);
    this.#waiting = own.filter(([, each]) => !this.#isOverdue(each) && this.#nextTryMs(each) > nowMs);
    this.#isHopeless = own.filter(([, each]) => this.#isOverdue(each)).length >= MANY;
  }

  /** How a unit ends whose next attempt was refused for too long; undefined while it may still start. */
  failureOf(unit: string, attempt: number): Failure | undefined {
    const rejection = this.#of(unit, attempt);
    if (!rejection) return undefined;
    const forMs = rejection.lastMs - rejection.sinceMs;
    if (!this.#isOverdue(rejection) && !this.#isHopeless) return undefined;
    const message = `its Job was refused for ${Math.round(forMs / 1000)} s: ${rejection.message}`;
    return { class: FAILURE_REASONS[REJECTED], reason: REJECTED, message };
  }

  /** When an attempt may be asked for that has to wait, since it was refused or many others were. */
  nextTryMs(unit: string, attempt: number): number | undefined {
    const own = this.#of(unit, attempt);
    const concerned = own
      ? this.#nextTryMs(own) > this.#nowMs && [own]
      : this.#waiting.length >= MANY && this.#waiting.map(([, rejection]) => rejection);
    if (!concerned) return undefined;
    return Math.min(...concerned.map((each) => this.#nextTryMs(each)));
  }

  /** What to tell of the first that waits. */
  trouble(): Trouble | undefined {
    const [first] = this.#waiting;
    if (!first) return undefined;
    const [unit, { message }] = first;
    return { reason: REJECTED, message: `unit ${unit} cannot start: its Job is refused: ${message}` };
  }

  /** Refused to the end, when it was last asked for. */
  #isOverdue(rejection: Rejection): boolean {
    return rejection.lastMs >= this.#deadlineMs(rejection);
  }

  /** It is asked for a last time when its time is over. */
  #nextTryMs(rejection: Rejection): number {
    return Math.min(rejection.untilMs, this.#deadlineMs(rejection));
  }

  /**
   * Where a quota has room once other work has ended, a Job may wait for it as long as all attempts together that find no
   * room for their pods. But a stop is to come to its end.
   */
  #deadlineMs({ sinceMs, message }: Rejection): number {
    const times = isUsedUpQuota(message) && !this.#isStopping ? MOST_ATTEMPTS : 1;
    return sinceMs + times * this.#startDeadlineMs;
  }

  #of(unit: string, attempt: number): Rejection | undefined {
    const found = this.#rejections.get(unit);
    return found?.attempt === attempt ? found : undefined;
  }
}
