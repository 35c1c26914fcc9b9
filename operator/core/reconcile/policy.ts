/** What the administrator decides about attempts that do not come along. All in ms. */
export interface Policy {
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

export const DEFAULT_POLICY: Policy = {
  unreachableNodeMs: 60_000,
  startGraceMs: 20_000,
  startDeadlineMs: 600_000,
  gpuRoomMs: 120_000,
};
