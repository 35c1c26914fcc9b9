import { attemptKey, type ObservedAttempt } from "./attempt.ts";
import { classifyFailure } from "./classify-failure.ts";
import type { Action } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";
import type { Policy } from "./policy.ts";
import { isQuotaOfDevices, isUsedUpQuota } from "./used-up-quota.ts";

/**
 * The attempts as decisions see them: one on a node that has not answered for too long counts as lost, so
 * that its unit may start again.
 */
export const withLostAttempts = (
  attempts: readonly ObservedAttempt[],
  { unreachableNodeMs }: Policy,
  nowMs: number,
): ObservedAttempt[] =>
  attempts.map((attempt) => {
    const { unreachable, state } = attempt;
    const live = state === "Active" || state === "Ending";
    if (!live || !unreachable || unreachable.sinceMs + unreachableNodeMs > nowMs) return attempt;
    const endedAtMs = unreachable.sinceMs + unreachableNodeMs;
    const message = `node ${unreachable.node} has not answered since ${new Date(unreachable.sinceMs).toISOString()}`;
    return { ...attempt, state: "Failed", disrupted: true, lost: true, endedAtMs, message };
  });

/** What keeps a MediaJob from coming along, in the cluster's own words. */
export interface Trouble {
  /** One CamelCase word: Unschedulable, ImagePullBackOff, … */
  reason: string;
  message: string;
}

/** The first attempt that has failed to start for longer than is usual. */
export function troubleOf(
  units: readonly FoldedUnit[],
  { startGraceMs }: Policy,
  nowMs: number,
): Trouble | undefined {
  for (const { unit, state } of units) {
    if (state.state !== "Running") continue;
    const { waiting } = state.attempt;
    if (waiting && waiting.sinceMs + startGraceMs <= nowMs) {
      return { reason: waiting.reason, message: `unit ${unit.name} cannot start: ${waiting.message}` };
    }
  }
  return undefined;
}

/** Ends the attempts that are lost with their node, also while all is stopped: nobody waits for them any more. */
export const stopLost = (attempts: readonly ObservedAttempt[]): Action[] =>
  attempts
    .filter(({ lost, deleting }) => lost && !deleting)
    .map((attempt) => ({ do: "StopAttempt", attempt }));

/** Ends the attempts that have failed to start for too long. */
export function endTroubled(units: readonly FoldedUnit[], policy: Policy, nowMs: number): Action[] {
  return units.flatMap(({ unit, state }): Action[] => {
    if (state.state !== "Running" || state.attempt.state !== "Active") return [];
    const { attempt } = state;
    const { waiting } = attempt;
    if (!waiting) return [];
    const waitedMs = nowMs - waiting.sinceMs;
    // Another device is tried sooner than the same one again.
    const noGpu = unit.withoutGpu && wantsGpuRoom(attempt) && waitedMs >= policy.gpuRoomMs;
    if (!noGpu && waitedMs < policy.startDeadlineMs) return [];
    const because = `did not start within ${Math.round(waitedMs / 1000)} s: ${waiting.reason}: ${waiting.message}`;
    const reason = noGpu ? "HardwareUnavailable" : (crowdedOutOf(attempt) ?? "PodNotStarted");
    return [{ do: "FailAttempt", attempt, reason, because }];
  });
}

/** Which room other work has taken from an attempt that would have a place without it. */
function crowdedOutOf(attempt: ObservedAttempt): "NotScheduled" | "QuotaExceeded" | undefined {
  if (isCrowdedOut(attempt)) return "NotScheduled";
  return attempt.waiting && isUsedUpQuota(attempt.waiting.message) ? "QuotaExceeded" : undefined;
}

/** The pools on whose nodes an attempt finds no room now, nor did the one before it. */
export function crowdedPools(attempts: readonly ObservedAttempt[]): Set<string> {
  const crowded = attempts.filter((attempt) => attempt.state === "Active" && isCrowdedOut(attempt));
  if (crowded.length === 0) return new Set(); // as good as always
  const failed = attempts.filter(({ state }) => state === "Failed");
  const byKey = new Map(failed.map((attempt) => [attemptKey(attempt), attempt]));
  const again = crowded.filter(({ unit, attempt }) => {
    const before = byKey.get(attemptKey({ unit, attempt: attempt - 1 }));
    return before && classifyFailure(before).reason === "NotScheduled";
  });
  return new Set(again.map(({ pool }) => pool));
}

/**
 * Whether an attempt would fit on a node if less ran there, by the words of kube-scheduler: what lacks room, and that the
 * pods on a node are too important to give way to it. Of a pod that asks for more than a whole node has, it says that their
 * end would not help.
 */
const isCrowdedOut = ({ waiting }: ObservedAttempt): boolean =>
  waiting?.reason === "Unschedulable" &&
  /\b(Insufficient \S+|Too many pods)/.test(waiting.message) &&
  /\bpreemption: (not eligible|.*\bNo preemption victims found)/.test(waiting.message);

/** Whether no node, or a quota, has room for an attempt that was given an accelerator. */
const wantsGpuRoom = ({ gpu, waiting }: ObservedAttempt): boolean =>
  gpu === true &&
  waiting !== undefined &&
  (waiting.reason === "Unschedulable" || isQuotaOfDevices(waiting.message));

/** When the next look at an attempt in trouble is due; null when there is none. */
export function nextTroubleMs(
  attempts: readonly ObservedAttempt[],
  policy: Policy,
  nowMs: number,
): number | null {
  const times = attempts
    .filter(({ state }) => state === "Active" || state === "Ending")
    .flatMap(({ waiting, unreachable }) => [
      ...(waiting
        ? [policy.startGraceMs, policy.startDeadlineMs, policy.gpuRoomMs].map((ms) => waiting.sinceMs + ms)
        : []),
      ...(unreachable ? [unreachable.sinceMs + policy.unreachableNodeMs] : []),
    ])
    .filter((time) => time > nowMs);
  return times.length ? Math.min(...times) : null;
}
