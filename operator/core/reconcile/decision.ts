import type { EventReason } from "../../../crds/event-reasons.ts";
import type { FailureClass, FailureReason } from "../../../crds/failures.ts";
import type { Finalize } from "../../../crds/finalize.ts";
import type { MediaJob, Webhook } from "../../../crds/media-job.ts";
import type { DeliveryTry, FailedAttempt, MediaJobStatus } from "../../../crds/media-job-status.ts";
import type { Usage } from "../../../crds/result.ts";
import type { Placement } from "../plan/placement.ts";
import type { PlannedUnit } from "../plan/plan.ts";
import type { Pause } from "../queue/pause.ts";
import type { Rejection } from "../queue/rejections.ts";
import type { SharedPlaces } from "../queue/waiting-line.ts";
import type { ObservedAttempt } from "./attempt.ts";

export type Placed = Exclude<Placement, { refused: string }>;

/** What a running worker said last; a view, never a fact to decide upon. */
export interface UnitProgress {
  attempt: number;
  /** 0 to 1. */
  fraction: number;
  stage: string;
}

/** How the delivery of a pending event ended, or how it goes. */
export interface DeliveryOutcome {
  /** Name of the endpoint. */
  webhook: string;
  /** Id of the event. */
  id: string;
  /** Unset while more tries are to come. */
  delivered?: boolean;
  error?: string;
  /** The URL, when it answered that it wants no more events (410). */
  goneUrl?: string;
  /** The last tries, oldest first. */
  tries?: readonly DeliveryTry[];
}

/** Everything a decision may depend on. */
export interface Observation {
  job: MediaJob;
  attempts: readonly ObservedAttempt[];
  /** By unit name. */
  progress: ReadonlyMap<string, UnitProgress>;
  deliveries: readonly DeliveryOutcome[];
  /** Endpoints that the operator's configuration gives to every MediaJob. */
  endpoints?: readonly Webhook[];
  /** Units that may start in each pool, all caps considered; a pool that is not named has none free. */
  free: ReadonlyMap<string, number>;
  /** Units that may start over all pools, since they share the caps of operator and namespace; no bound when unset. */
  freeInAll?: number;
  /** Places left of each of these caps, whoever waits; no bound when unset. */
  shared?: SharedPlaces;
  /** Why no more may start for a while, whatever room there is; see `Breakers` and `OutputClaims`. The first counts. */
  pauses?: readonly Pause[];
  /** Retries that may start now, by class of failure; as many as there are of a class that is not named. */
  retryRoom?: ReadonlyMap<FailureClass, number>;
  /** Attempts that the API server refused to make, by unit. */
  rejections?: ReadonlyMap<string, Rejection>;
  /** Since when units of this MediaJob have waited for room in a pool, in ms since 1970. */
  waitingSinceMs?: ReadonlyMap<string, number>;
  /** Place in the line of those that wait, from 1, should this one have to. */
  position: number;
  /** Pools that keep their room from this MediaJob, and for which; see `KeptRoom`. */
  keptFor?: ReadonlyMap<string, string>;
  nowMs: number;
}

export type Action =
  | {
      do: "StartAttempt";
      unit: PlannedUnit;
      attempt: number;
      placed: Placed;
      /** Set on the attempt that runs last. */
      finalize?: Finalize;
      /** Class of the failure that it follows, where few such retries may run at once. */
      retryOf?: FailureClass;
      /** Why it does without the accelerator that it was planned to have. */
      withoutGpuBecause?: string;
    }
  /** Deletes it: nothing is to be left of it. */
  | { do: "StopAttempt"; attempt: ObservedAttempt }
  /** Ends it and lets it count as failed, for the reason given. */
  | {
      do: "FailAttempt";
      attempt: ObservedAttempt;
      reason: Extract<
        FailureReason,
        "PodNotStarted" | "NotScheduled" | "QuotaExceeded" | "HardwareUnavailable"
      >;
      because: string;
    }
  | { do: "DeleteMediaJob" };

export type StartAttempt = Extract<Action, { do: "StartAttempt" }>;

/** A line for `kubectl describe`: a Kubernetes Event. */
export interface Announcement {
  type: "Normal" | "Warning";
  reason: EventReason;
  message: string;
}

/** A unit that ended well and made all that it was to make: what it found made tells nothing of what making takes. */
export interface Measured {
  unit: PlannedUnit;
  usage: Usage;
  /** Play time of the longest output it made; 0 for pictures. */
  mediaSeconds: number;
}

export interface Decision {
  actions: readonly Action[];
  /** The whole new status; the shell writes what differs. */
  status: MediaJobStatus;
  announcements: readonly Announcement[];
  /** When to look again though nothing happens; null when only a change can matter. */
  requeueAfterMs: number | null;
  /** What units that ended well, with nothing skipped, have used. */
  measured: readonly Measured[];
  /** Set where units were done in this pass; `wrote` when one of them did more than look at its sources. */
  done?: { wrote: boolean };
  /** Attempts whose failure is seen for the first time. */
  newFailures: readonly FailedAttempt[];
  /** The class whose retries wait for others to end; unset when none does. */
  gatedBy?: FailureClass;
  /** Units that wait only because `free` ran out, by pool. */
  waitingFor: ReadonlyMap<string, number>;
  /** Pools on whose nodes a unit finds no room, as it did not the time before. */
  crowdedPools: ReadonlySet<string>;
}
