/** How far progress may be from the true share of time. */
const POINTS = 0.05;

/**
 * The share of a run's time in which its progress, as a viewer sees it, was within five points of the true share of
 * time: between two messages a viewer sees the earlier one. @throws Error when progress fell.
 */
export function nearness(
  told: readonly { seconds: number; fraction: number }[],
  totalSeconds: number,
): number {
  let near = 0;
  let before = { seconds: 0, fraction: 0 };
  for (const next of [...told, { seconds: totalSeconds, fraction: 1 }]) {
    if (next.fraction < before.fraction) throw new Error(`progress fell to ${next.fraction}`);
    const from = Math.max(before.seconds, (before.fraction - POINTS) * totalSeconds);
    const to = Math.min(next.seconds, (before.fraction + POINTS) * totalSeconds);
    near += Math.max(0, to - from);
    before = next;
  }
  return near / totalSeconds;
}
