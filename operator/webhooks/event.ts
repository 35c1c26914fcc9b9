import { API_VERSION } from "../../crds/group.ts";
import type { MediaJob } from "../../crds/media-job.ts";
import { isTerminal, type PendingDelivery } from "../../crds/media-job-status.ts";

/** Receivers may refuse more: Standard Webhooks advises against bodies above 20 KiB, which only the longest ends have. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * The body of an event, as JSON. It depends on the event and on what no longer changes, so that every try
 * of one event sends the same bytes: a receiver may compare them. What makes it too long is cut, lists first,
 * and then `data.truncated` is true.
 */
export function eventBody(job: MediaJob, event: PendingDelivery): string {
  const { metadata, status } = job;
  const ended = isTerminal(event.phase) && status?.phase === event.phase;
  const isEnd = ended && event.type.startsWith("job.") && event.type !== "job.progress";
  const lists = isEnd
    ? { outputs: status.outputs ?? [], failures: status.failures ?? [], warnings: status.warnings ?? [] }
    : {};
  const bodyOf = (shown: Partial<Record<keyof typeof lists, readonly unknown[]>>, truncated: boolean) =>
    JSON.stringify({
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
          ...(isEnd && {
            startedAt: status.startTime,
            completedAt: status.completionTime,
            sources: { ...status.sources, ledger: undefined },
            units: { ...status.units, ledger: undefined },
            reportUri: status.reportUri,
          }),
        },
        message: event.message,
        progress: event.progress,
        unit: event.unit,
        ...(event.outputs && { outputs: event.outputs, outputCount: event.outputCount }),
        ...shown,
        ...(isEnd && { usage: status.usage }),
        ...(truncated && { truncated }),
      },
    });

  const whole = bodyOf(lists, false);
  if (Buffer.byteLength(whole) <= MAX_BODY_BYTES) return whole;
  for (let share = 1 / 2; share > 1 / 256; share /= 2) {
    const cut = Object.fromEntries(
      Object.entries(lists).map(([name, list]) => [name, list.slice(0, Math.floor(list.length * share))]),
    );
    const body = bodyOf(cut, true);
    if (Buffer.byteLength(body) <= MAX_BODY_BYTES) return body;
  }
  return bodyOf({ outputs: [], failures: [], warnings: [] }, true);
}
