import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import type { Plan } from "../plan/plan.ts";
import type { UnitProgress } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";

type Progress = NonNullable<MediaJobStatus["progress"]>;

/** Remaining time beyond this is not told: seeds 004 "Progress Calculation Strategies". */
const MAX_ETA_SECONDS = 24 * 3600;

/**
 * Share of the estimated work that is done, each unit weighted by its estimated seconds. It never falls: a
 * unit that starts over keeps the job where it was until it has caught up. Before the end it stays at 99.9.
 */
export function progressOf({
  plan,
  units,
  reports,
  previous,
  elapsedSeconds,
  succeeded,
}: {
  plan: Plan;
  units: readonly FoldedUnit[];
  reports: ReadonlyMap<string, UnitProgress>;
  previous: Progress | undefined;
  /** Since the first start; null before it. */
  elapsedSeconds: number | null;
  /** True once the MediaJob ended well: then it is 100, whatever was estimated. */
  succeeded: boolean;
}): Progress {
  const doneSeconds = units.reduce((sum, { unit, state }) => {
    if (state.state === "Ended") return sum + unit.estimate.seconds;
    const report = reports.get(unit.name);
    const current = state.state === "Running" && report?.attempt === state.attempt.attempt;
    return current ? sum + unit.estimate.seconds * report.fraction : sum;
  }, 0);
  const share = plan.totalSeconds > 0 ? doneSeconds / plan.totalSeconds : 0;
  const percent = succeeded ? 100 : Math.max(previous?.percent ?? 0, Math.min(99.9, round(share * 100)));
  const stage = units
    .map(({ unit, state }) => (state.state === "Running" ? reports.get(unit.name)?.stage : undefined))
    .findLast((name) => name !== undefined);
  const etaSeconds = succeeded ? 0 : etaOf(percent, elapsedSeconds);
  return {
    percent,
    display: `${Math.floor(percent)}%`,
    ...(stage !== undefined && !succeeded && { stage }),
    ...(etaSeconds !== null && { etaSeconds }),
  };
}

/** Remaining = elapsed × 100 / percent − elapsed, as seeds 004 has it; unknown at 0 % and beyond a day. */
function etaOf(percent: number, elapsedSeconds: number | null): number | null {
  if (percent <= 0 || elapsedSeconds === null) return null;
  const seconds = Math.round((elapsedSeconds * 100) / percent - elapsedSeconds);
  return seconds >= 0 && seconds <= MAX_ETA_SECONDS ? seconds : null;
}

const round = (percent: number) => Math.round(percent * 10) / 10;
