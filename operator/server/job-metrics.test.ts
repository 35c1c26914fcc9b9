import { beforeEach, expect, test } from "vitest";
import { mediaJob, NOW_MS, result } from "../../test/builders/core.ts";
import { defaultConfiguration } from "../core/configuration.ts";
import { plan } from "../core/plan/plan.ts";
import { observeStart, observeStatus, observeUnit, showJobs } from "./job-metrics.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

let metrics: Metrics;
beforeEach(() => {
  metrics = createMetrics();
});

/** The samples whose name begins so, as Prometheus reads them. */
async function samples(...names: string[]): Promise<string[]> {
  const lines = (await metrics.registry.metrics()).split("\n");
  return lines.filter((line) => names.some((name) => line.startsWith(`mediajob_${name}`)));
}

const units = (fields: object) => ({
  total: 9,
  pending: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  ledger: "",
  done: "",
  ...fields,
});
const failure = {
  ...{ unit: "image-0", attempt: 2, class: "network" as const },
  ...{ reason: "NetworkError", message: "m" },
};

test("a status counts what it tells anew, once", async () => {
  const before = {
    phase: "Running" as const,
    startTime: "2026-01-01T12:00:10Z",
    units: units({ succeeded: 2 }),
  };
  const after = {
    ...before,
    phase: "PartiallySucceeded" as const,
    completionTime: "2026-01-01T12:01:40Z",
    units: units({ succeeded: 5, failed: 1 }),
  };
  const job = mediaJob({}, after);
  observeStatus(metrics, job, { previous: before, newFailures: [failure] });
  observeStatus(metrics, job, { previous: after, newFailures: [] });
  expect(
    await samples("units_finished", "attempts_failed", "run_duration_seconds_sum", "start_wait"),
  ).toEqual([
    'mediajob_run_duration_seconds_sum{phase="PartiallySucceeded"} 90',
    'mediajob_units_finished_total{result="succeeded"} 3',
    'mediajob_units_finished_total{result="failed"} 1',
    'mediajob_attempts_failed_total{class="network"} 1',
  ]);
});

test("webhook events count by how they left the outbox, also those that too many waited before", async () => {
  const box = (fields: object) => ({ name: "gallery", pending: [], delivered: 0, deadLetters: 0, ...fields });
  const before = { webhooks: [box({ delivered: 3, deadLetters: 12 })] };
  const after = {
    webhooks: [box({ delivered: 5, deadLetters: 15, dropped: 4 }), box({ name: "new", delivered: 1 })],
  };
  observeStatus(metrics, mediaJob({}, after), { previous: before, newFailures: [] });
  observeStatus(metrics, mediaJob({}, after), { previous: after, newFailures: [] });
  const replayed = { webhooks: [box({ delivered: 5, deadLetters: 5, dropped: 4 })] };
  observeStatus(metrics, mediaJob({}, replayed), { previous: after, newFailures: [] });
  expect(await samples("webhook_deliveries")).toEqual([
    'mediajob_webhook_deliveries_total{outcome="delivered"} 3',
    'mediajob_webhook_deliveries_total{outcome="dead_letter"} 3',
    'mediajob_webhook_deliveries_total{outcome="dropped"} 4',
  ]);
});

test("the first start tells how long it was waited for", async () => {
  const job = mediaJob({ priority: "High" }, { startTime: "2026-01-01T12:00:10Z" });
  job.metadata.creationTimestamp = "2026-01-01T12:00:03Z";
  observeStatus(metrics, job, { previous: undefined, newFailures: [] });
  expect(await samples("start_wait_duration_seconds_sum")).toEqual([
    'mediajob_start_wait_duration_seconds_sum{priority="High"} 7',
  ]);
});

test("a retry is an attempt after another of its generation, and a fallback is without its accelerator", async () => {
  const [unit] = plan(mediaJob().spec, defaultConfiguration().pools).units;
  if (!unit || "refused" in unit.placement) throw new Error("the plan has no unit that is placed");
  const onGpu = { ...unit, placement: { ...unit.placement, gpu: true } };
  for (const attempt of [1, 2, 3, 101, 102])
    observeStart(metrics, {
      do: "StartAttempt",
      unit: onGpu,
      attempt,
      placed: { ...unit.placement, gpu: attempt < 3 },
    });
  expect(await samples("retries", "gpu_fallbacks", "attempts_started")).toEqual([
    'mediajob_attempts_started_total{family="image",pool="default"} 5',
    'mediajob_retries_total{family="image"} 3',
    'mediajob_gpu_fallbacks_total{family="image"} 3',
  ]);
});

test("a unit tells what it took, beside its estimate and the play time of what it made", async () => {
  const [unit] = plan(mediaJob().spec, defaultConfiguration().pools).units;
  if (!unit) throw new Error("the plan has no unit");
  const measured = { ...unit, estimate: { ...unit.estimate, seconds: 4 } };
  const usage = { ...result().usage, wallSeconds: 2 };
  observeUnit(metrics, { unit: { ...measured, family: "video" }, usage, mediaSeconds: 10 });
  observeUnit(metrics, { unit: measured, usage, mediaSeconds: 0 });
  expect(
    await samples(
      "unit_estimate_ratio_sum",
      "unit_duration_seconds_sum",
      "unit_media_duration_ratio_sum",
      "unit_media_duration_ratio_count",
    ),
  ).toEqual([
    'mediajob_unit_duration_seconds_sum{family="video"} 2',
    'mediajob_unit_duration_seconds_sum{family="image"} 2',
    'mediajob_unit_media_duration_ratio_sum{family="video"} 0.2',
    'mediajob_unit_media_duration_ratio_count{family="video"} 1',
    'mediajob_unit_estimate_ratio_sum{family="video"} 0.5',
    'mediajob_unit_estimate_ratio_sum{family="image"} 0.5',
  ]);
});

test("what waits is shown by pool and priority, and is gone from the metrics when nothing waits", async () => {
  const job = mediaJob({ priority: "Urgent" }, { phase: "Queued" });
  job.metadata.creationTimestamp = new Date(NOW_MS - 90_000).toISOString();
  const waiting = [{ key: "media/holiday", namespace: "media", standing: 0, wants: new Map([["cpu", 7]]) }];
  showJobs(metrics, { jobs: [job], waiting, nowMs: NOW_MS });
  expect(await samples("mediajobs", "units_waiting", "oldest_wait", "webhook_events")).toEqual([
    'mediajob_webhook_events{state="pending"} 0',
    'mediajob_webhook_events{state="dead_letter"} 0',
    'mediajob_mediajobs{phase="Queued",priority="Urgent"} 1',
    'mediajob_units_waiting{pool="cpu",priority="Urgent"} 7',
    'mediajob_oldest_wait_seconds{pool="cpu",priority="Urgent"} 90',
  ]);
  showJobs(metrics, { jobs: [], waiting: [], nowMs: NOW_MS });
  expect(await samples("mediajobs", "units_waiting", "oldest_wait")).toEqual([]);
});

test("no metric is labelled with a name of a MediaJob, a namespace, a URL or a unit", async () => {
  const labels = (await metrics.registry.getMetricsAsArray()).flatMap((metric) =>
    ((metric as unknown as { labelNames?: string[] }).labelNames ?? []).filter(() =>
      metric.name.startsWith("mediajob_"),
    ),
  );
  const allowed = [
    "result",
    "verb",
    "resource",
    "code",
    "family",
    "pool",
    "phase",
    "priority",
    "outcome",
    "state",
    "class",
    "kind",
  ];
  expect(labels.filter((label) => !allowed.includes(label))).toEqual([]);
  expect(labels.length).toBeGreaterThan(10);
});
