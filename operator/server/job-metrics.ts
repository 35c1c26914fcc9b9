import type { MediaJob } from "../../crds/media-job.ts";
import { isTerminal, type MediaJobStatus } from "../../crds/media-job-status.ts";
import type { Waiting } from "../core/queue/waiting-line.ts";
import { generationOf } from "../core/reconcile/attempt.ts";
import type { Decision, Measured, StartAttempt } from "../core/reconcile/decision.ts";
import type { Metrics } from "./metrics.ts";

/** What the metrics say of MediaJobs and their units. Counters follow statuses as they are written. */

/** Counts what a status tells that the one before did not, and attempts whose failure was seen for the first time. */
export function observeStatus(
  metrics: Metrics,
  job: MediaJob,
  { previous = {}, newFailures }: Pick<Decision, "newFailures"> & { previous: MediaJobStatus | undefined },
): void {
  const { status = {}, metadata, spec } = job;
  for (const result of ["succeeded", "failed", "cancelled"] as const) {
    const more = (status.units?.[result] ?? 0) - (previous.units?.[result] ?? 0);
    if (more > 0) metrics.unitsFinished.inc({ result }, more);
  }
  for (const failure of newFailures) metrics.attemptsFailed.inc({ class: failure.class });
  countDeliveries(metrics, status, previous);
  const { phase, startTime, completionTime } = status;
  if (startTime && !previous.startTime) {
    metrics.startWaitSeconds.observe(
      { priority: spec.priority },
      secondsBetween(metadata.creationTimestamp, startTime),
    );
  }
  if (isTerminal(phase) && phase !== previous.phase && startTime) {
    metrics.jobSeconds.observe({ phase }, secondsBetween(startTime, completionTime));
  }
}

/** By what the outboxes count: an event may leave one without ever having been tried. A replay takes dead letters back. */
function countDeliveries(metrics: Metrics, status: MediaJobStatus, previous: MediaJobStatus): void {
  for (const box of status.webhooks ?? []) {
    const before = previous.webhooks?.find(({ name }) => name === box.name);
    const outcomes = [
      ["delivered", box.delivered - (before?.delivered ?? 0)],
      ["dead_letter", box.deadLetters - (before?.deadLetters ?? 0)],
      ["dropped", (box.dropped ?? 0) - (before?.dropped ?? 0)],
    ] as const;
    for (const [outcome, more] of outcomes) if (more > 0) metrics.webhookDeliveries.inc({ outcome }, more);
  }
}

export function observeStart(metrics: Metrics, { unit, attempt, placed }: StartAttempt): void {
  const { family, placement } = unit;
  metrics.attemptsStarted.inc({ family, pool: placed.pool });
  if (attempt > 1 && generationOf(attempt) === generationOf(attempt - 1)) metrics.retries.inc({ family });
  if (!("refused" in placement) && placement.gpu && !placed.gpu) metrics.fallbacks.inc({ family });
}

/** Of a unit that ended well. */
export function observeUnit(
  metrics: Metrics,
  { unit: { family, estimate }, usage: { wallSeconds }, mediaSeconds }: Measured,
): void {
  metrics.unitSeconds.observe({ family }, wallSeconds);
  if (estimate.seconds > 0) metrics.estimateRatio.observe({ family }, wallSeconds / estimate.seconds);
  if (mediaSeconds > 0) metrics.mediaSecondRatio.observe({ family }, wallSeconds / mediaSeconds);
}

/** Shows how things stand: read from the cache when the metrics are asked for. */
export function showJobs(
  { mediaJobs, unitsWaiting, oldestWaitSeconds, webhookEvents }: Metrics,
  { jobs, waiting, nowMs }: { jobs: readonly MediaJob[]; waiting: readonly Waiting[]; nowMs: number },
): void {
  for (const gauge of [mediaJobs, unitsWaiting, oldestWaitSeconds]) gauge.reset();
  const byKey = new Map<string, MediaJob>();
  let [pending, deadLetters] = [0, 0];
  for (const job of jobs) {
    byKey.set(`${job.metadata.namespace}/${job.metadata.name}`, job);
    mediaJobs.inc({ phase: job.status?.phase ?? "Pending", priority: job.spec.priority });
    for (const box of job.status?.webhooks ?? []) {
      pending += box.pending.length;
      deadLetters += box.undelivered?.length ?? 0;
    }
  }
  webhookEvents.set({ state: "pending" }, pending);
  webhookEvents.set({ state: "dead_letter" }, deadLetters);
  const oldest = new Map<string, { pool: string; priority: string; ageSeconds: number }>();
  for (const { key, wants } of waiting) {
    const job = byKey.get(key);
    if (!job) continue;
    const { priority } = job.spec;
    const ageSeconds = Math.max(0, (nowMs - Date.parse(job.metadata.creationTimestamp ?? "")) / 1000 || 0);
    for (const [pool, units] of wants) {
      unitsWaiting.inc({ pool, priority }, units);
      const place = `${pool}/${priority}`;
      if (ageSeconds >= (oldest.get(place)?.ageSeconds ?? 0))
        oldest.set(place, { pool, priority, ageSeconds });
    }
  }
  for (const { ageSeconds, ...labels } of oldest.values()) oldestWaitSeconds.set(labels, ageSeconds);
}

/** Clocks of several machines made the two, so it may come out below 0. */
const secondsBetween = (from = "", to = ""): number =>
  Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000 || 0);
