import { type Configuration, defaultConfiguration, type Pool } from "../configuration.ts";

/** What the administrator decides about attempts: where they may run, and what is done about those that do not come along. */
export interface Policy {
  /** The pools that there are now. */
  pools: readonly Pool[];
  /**
   * How long an attempt on a node that stopped answering is waited for. After it another one starts beside
   * it; that is safe, because each writes to a private place and moves only finished files to their names.
   */
  unreachableNodeMs: number;
  /** How long an attempt may fail to start before the MediaJob says so, as Stalled. */
  startGraceMs: number;
  /** How long it may fail to start before it is ended, and counted as a failed attempt. */
  startDeadlineMs: number;
  /** How long a unit that would rather have an accelerator waits for one before it does without. */
  gpuRoomMs: number;
}

/** Told by no configuration: what is usual takes less. */
const START_GRACE_MS = 20_000;

/** The policy of an operator that is configured so. */
export const policyOf = ({ recovery, pools }: Configuration): Policy => ({
  pools,
  unreachableNodeMs: recovery.unreachableNodeSeconds * 1000,
  startGraceMs: START_GRACE_MS,
  startDeadlineMs: recovery.startDeadlineSeconds * 1000,
  gpuRoomMs: recovery.gpuRoomSeconds * 1000,
});

export const DEFAULT_POLICY: Policy = policyOf(defaultConfiguration());
