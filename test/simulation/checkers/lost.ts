import type { Process } from "../model/kubelet.ts";
import type { World } from "../world.ts";

/** Timestamps in Kubernetes are whole seconds. */
const ROUNDING_MS = 1000;

/** How long a request may be on its way: what it was decided by may have changed since. */
const ON_ITS_WAY_MS = 10_000;

/**
 * Whether the operator may start another beside it: its node has been unreachable for the configured wait, as
 * measured by clocks that may be off.
 */
export function isLost({ node }: Process, world: World): boolean {
  const sinceMs = world.kubelet.unreachableSinceMs(node);
  return sinceMs !== null && isForLong(sinceMs, world);
}

/** Whether the operator may have asked for another while it was lost, though its node has come back since. */
export function wasJustLost({ node }: Process, world: World): boolean {
  const sinceMs = world.kubelet.unreachableLatelySinceMs(node, ON_ITS_WAY_MS);
  return sinceMs !== null && isForLong(sinceMs, world);
}

function isForLong(sinceMs: number, { scenario, configuration, time }: World): boolean {
  const { skewsMs, faults } = scenario;
  const off = faults.clockJump ? Number.POSITIVE_INFINITY : Math.max(...skewsMs.map(Math.abs));
  const waitMs = configuration.recovery.unreachableNodeSeconds * 1000;
  return time.nowMs - sinceMs >= waitMs - off - ROUNDING_MS;
}
