import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import type { Plan } from "../plan/plan.ts";
import type { UnitProgress } from "./decision.ts";
import { etaOf } from "./eta.ts";
import type { FoldedUnit } from "./fold-units.ts";
import { UNIT_LETTERS } from "./unit-state.ts";

type Progress = NonNullable<MediaJobStatus["progress"]>;

/**
 * Share of the estimated work that is done, each unit weighted by its estimated seconds. It never falls within a run: a
 * unit that starts over keeps the job where it was until it has caught up. Before the end it stays at 99.9; what fails
 * or is cancelled stays where it was.
 */
export function progressOf({
  plan,
  units,
  reports,
  previous,
  elapsedSeconds,
  ended,
}: {
  plan: Plan;
  units: readonly FoldedUnit[];
  reports: ReadonlyMap<string, UnitProgress>;
  /** Of this run; a raised retryGeneration begins another, at what is left done of the one before. */
  previous: Progress | undefined;
  /** In which it was Running; null while it is not: what rests goes on nobody knows when. */
  elapsedSeconds: number | null;
  /** How the MediaJob ended: well, when it is 100, whatever was estimated. Unset before. */
  ended: "Well" | "Badly" | undefined;
}): Progress {
  const doneSeconds = units.reduce(
    (sum, folded) => sum + folded.unit.estimate.seconds * shareOf(folded, reports),
    0,
  );
  const share = plan.totalSeconds > 0 && ended !== "Badly" ? doneSeconds / plan.totalSeconds : 0;
  const percent =
    ended === "Well" ? 100 : Math.max(previous?.percent ?? 0, Math.min(99.9, round(share * 100)));
  const stage = units
    .map((folded) => currentReport(folded, reports)?.stage)
    .findLast((name) => name !== undefined);
  const running = units.filter(({ state }) => state.state === "Running").length;
  const plannedSeconds = Math.max(0, plan.totalSeconds - doneSeconds) / Math.max(1, running);
  const eta = ended ? {} : etaOf({ percent, elapsedSeconds, plannedSeconds });
  return {
    percent,
    display: `${Math.floor(percent)}%`,
    ...(stage !== undefined && !ended && { stage }),
    ...(ended === "Well" ? { etaSeconds: 0 } : eta),
  };
}

/** How much of a unit is done. One that was cancelled is not done, and never will be. */
function shareOf(folded: FoldedUnit, reports: ReadonlyMap<string, UnitProgress>): number {
  const { state } = folded;
  if (state.state === "Ended") return state.letter === UNIT_LETTERS.cancelled ? 0 : 1;
  return currentReport(folded, reports)?.fraction ?? 0;
}

/** What the attempt that runs said last; nothing where only an earlier one spoke. */
function currentReport(
  { unit, state }: FoldedUnit,
  reports: ReadonlyMap<string, UnitProgress>,
): UnitProgress | undefined {
  const report = reports.get(unit.name);
  return state.state === "Running" && report?.attempt === state.attempt.attempt ? report : undefined;
}

const round = (percent: number) => Math.round(percent * 10) / 10;
