import type { Node } from "../api/resources.ts";

/** The node controller sets a node's Ready to Unknown when its kubelet has not been heard of for 50 s. */
export function unreachableSinceMs(node: Node | null): number | undefined {
  const ready = node?.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "Unknown") return undefined;
  return Date.parse(ready.lastTransitionTime ?? "") || undefined;
}
