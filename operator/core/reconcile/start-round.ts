import type { FailureClass } from "../../../crds/failures.ts";
import type { MediaJob } from "../../../crds/media-job.ts";
import type { Pool } from "../configuration.ts";
import { isFinalize } from "../plan/plan.ts";
import type { Pause } from "../queue/pause.ts";
import type { Action, Observation, Placed } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";
import type { Intent } from "./intent.ts";
import type { RejectedUnits } from "./rejected-units.ts";
import type { Waiting } from "./unit-state.ts";

/** What the starts of a pass follow from. */
export interface Wanted extends Pick<Observation, "free" | "nowMs"> {
  job: MediaJob;
  units: readonly FoldedUnit[];
  intent: Intent;
  /** Whether anything was ever started. */
  begun: boolean;
  freeInAll: number;
  pauses: readonly Pause[];
  retryRoom: ReadonlyMap<FailureClass, number>;
  waitingSinceMs: ReadonlyMap<string, number>;
  rejected: RejectedUnits;
  gpuRoomMs: number;
  pools: readonly Pool[];
}

/** A pass through the units: what it has come to so far. */
export interface Round extends Wanted {
  /** The units that come before in the plan, as they stand now. */
  before: FoldedUnit[];
  actions: Action[];
  /** Whether what finalizes runs. */
  finalizing: boolean;
  /** Units that may start by `parallelism`. */
  slots: number;
  /** Places left, by pool. */
  room: Map<string, number>;
  /** Retries that may start now; as many as there are of a class that is not named. */
  retries: Map<FailureClass, number>;
}

/** A unit that is to be tried, and where that would be. */
export interface Candidate {
  unit: FoldedUnit["unit"];
  state: Waiting;
  placed: Placed;
}

/** A pass before its first unit: what runs already takes its places. */
export const beginRound = (wanted: Wanted): Round => ({
  ...wanted,
  before: [],
  actions: [],
  finalizing: wanted.units.some(({ unit, state }) => isFinalize(unit) && state.state === "Running"),
  slots: wanted.job.spec.parallelism - wanted.units.filter(({ state }) => state.state === "Running").length,
  room: new Map(wanted.free),
  retries: new Map(wanted.retryRoom),
});
