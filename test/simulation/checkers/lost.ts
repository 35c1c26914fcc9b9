import type { Process } from "../model/kubelet.ts";
import type { World } from "../world.ts";

/** Timestamps in Kubernetes are whole seconds. */
const ROUNDING_MS = 1000;

/**
 * Whether the operator may start another beside it: its node has been unreachable for the configured wait, as
 * measured by clocks that may be off.
 */
export function isLost({ node }: Process, world: World): boolean {
  const sinceMs = world.kubelet.unreachableSinceMs(node);
  if (sinceMs === null) return false;
  const { skewsMs, faults } = world.scenario;
  const off = faults.clockJump ? Number.POSITIVE_INFINITY : Math.max(...skewsMs.map(Math.abs));
  const waitMs = world.configuration.recovery.unreachableNodeSeconds * 1000;
  return world.time.nowMs - sinceMs >= waitMs - off - ROUNDING_MS;
}
