import { API_VERSION } from "../../crds/group.ts";
import type { MediaJob } from "../../crds/media-job.ts";
import { type PendingDelivery, TERMINAL_PHASES } from "../../crds/media-job-status.ts";

/**
 * The body of an event, as JSON. It depends on the event and on what no longer changes, so that every try
 * of one event sends the same bytes: a receiver may compare them.
 */
export function eventBody(job: MediaJob, event: PendingDelivery): string {
  const { metadata, status } = job;
  const ended = TERMINAL_PHASES.includes(event.phase) && status?.phase === event.phase;
  return JSON.stringify({
    id: event.id,
    type: event.type,
    timestamp: event.time,
    sequence: event.sequence,
    apiVersion: API_VERSION,
    correlationId: metadata.uid,
    data: {
      job: {
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        createdAt: metadata.creationTimestamp,
        phase: event.phase,
        message: event.message,
        ...(ended && {
          startedAt: status.startTime,
          completedAt: status.completionTime,
          sources: { ...status.sources, ledger: undefined },
          units: { ...status.units, ledger: undefined },
        }),
      },
      ...(ended && {
        outputs: status.outputs ?? [],
        failures: status.failures ?? [],
        warnings: status.warnings ?? [],
        usage: status.usage,
      }),
    },
  });
}
