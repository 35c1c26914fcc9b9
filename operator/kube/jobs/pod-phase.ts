import type { Pod } from "../api/resources.ts";

/** Whether no container of a pod runs any more, nor ever will. */
export const podHasEnded = ({ status }: Pod): boolean =>
  status?.phase === "Succeeded" || status?.phase === "Failed";
