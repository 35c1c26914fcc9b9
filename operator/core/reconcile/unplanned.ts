import type { MediaJob } from "../../../crds/media-job.ts";
import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import { timestampOf } from "../timestamp.ts";
import { conditionsOf } from "./conditions.ts";
import { REJECTED } from "./rejected-units.ts";

/**
 * The status of a MediaJob whose plan cannot be kept, or grow, since the API server refuses it: as it was, and Stalled.
 *
 * @param why the server's own words
 */
export function unplannedStatus(
  { metadata, status = {} }: MediaJob,
  why: string,
  nowMs: number,
): MediaJobStatus {
  const { generation } = metadata;
  const message = `the plan cannot be kept: ${why}`;
  const phase = status.phase ?? "Pending";
  const previous = status.conditions ?? [];
  const planned = previous.find(({ type, status }) => type === "Planned" && status === "True");
  return {
    ...status,
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    conditions: conditionsOf({
      verdict: { phase, reason: REJECTED, message },
      trouble: { reason: REJECTED, message },
      plannedMessage: planned?.message,
      previous,
      generation,
      now: timestampOf(nowMs),
    }),
  };
}
