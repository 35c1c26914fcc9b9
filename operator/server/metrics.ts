import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Gauges of prom-client that are named like counters; the same are there by type under a right name. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** All metrics of the operator. Labels are bounded: never a name of a MediaJob. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const registers = [registry];
  return {
    registry,
    reconcileSeconds: new Histogram({
      name: "mediajob_reconcile_duration_seconds",
      help: "Time of one pass over one MediaJob.",
      labelNames: ["result"] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    apiRequestSeconds: new Histogram({
      name: "mediajob_api_request_duration_seconds",
      help: "Time of requests to the Kubernetes API, watches excluded.",
      labelNames: ["verb", "resource", "code"] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    attemptsStarted: new Counter({
      name: "mediajob_attempts_started_total",
      help: "Attempts started, by family and pool.",
      labelNames: ["family", "pool"] as const,
      registers,
    }),
    phaseTransitions: new Counter({
      name: "mediajob_phase_transitions_total",
      help: "MediaJobs that reached a phase.",
      labelNames: ["phase"] as const,
      registers,
    }),
    queueDepth: new Gauge({
      name: "mediajob_workqueue_depth",
      help: "MediaJobs that wait for a pass.",
      registers,
    }),
    unitsRunning: new Gauge({
      name: "mediajob_units_running",
      help: "Attempts that run now, by pool, without those that Kueue admits.",
      labelNames: ["pool"] as const,
      registers,
    }),
    circuitsOpen: new Gauge({
      name: "mediajob_circuits_open",
      help: "Volumes or namespaces for which starting units is paused because many failed.",
      registers,
    }),
    configurationReloads: new Counter({
      name: "mediajob_configuration_reloads_total",
      help: "Changes of the configuration file that were seen: applied, or refused since they are not valid.",
      labelNames: ["result"] as const,
      registers,
    }),
    configurationValid: new Gauge({
      name: "mediajob_configuration_valid",
      help: "1 while the configuration file is what counts; 0 while it is not valid and a former one counts.",
      registers,
    }),
    progressReports: new Counter({
      name: "mediajob_progress_reports_total",
      help: "Progress messages of workers, by answer.",
      labelNames: ["code"] as const,
      registers,
    }),
    webhookDeliveries: new Counter({
      name: "mediajob_webhook_deliveries_total",
      help: "Webhook events by how they left the outbox: delivered, dead_letter, or dropped for newer or weightier ones.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    webhookTrySeconds: new Histogram({
      name: "mediajob_webhook_request_duration_seconds",
      help: "Time of single tries to deliver a webhook event, by class of the answer; none when there was none.",
      labelNames: ["code"] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    webhookDeliverySeconds: new Histogram({
      name: "mediajob_webhook_delivery_duration_seconds",
      help: "Time from what a webhook event tells of until the event was delivered, all its tries included.",
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300, 3600],
      registers,
    }),
    webhookCircuitsOpen: new Gauge({
      name: "mediajob_webhook_circuits_open",
      help: "Hosts to which no webhooks are sent for a while, because they failed.",
      registers,
    }),
    webhookEvents: new Gauge({
      name: "mediajob_webhook_events",
      help: "Webhook events in the outboxes: pending, and dead letters that could be sent again.",
      labelNames: ["state"] as const,
      registers,
    }),
    workqueueWaitSeconds: new Histogram({
      name: "mediajob_workqueue_wait_duration_seconds",
      help: "Time that MediaJobs waited for a pass.",
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    }),
    mediaJobs: new Gauge({
      name: "mediajob_mediajobs",
      help: "MediaJobs, by phase and priority.",
      labelNames: ["phase", "priority"] as const,
      registers,
    }),
    unitsWaiting: new Gauge({
      name: "mediajob_units_waiting",
      help: "Units that could start, had their pool room, by pool and priority.",
      labelNames: ["pool", "priority"] as const,
      registers,
    }),
    oldestWaitSeconds: new Gauge({
      name: "mediajob_oldest_wait_seconds",
      help: "Age of the oldest MediaJob that waits for room, by pool and priority.",
      labelNames: ["pool", "priority"] as const,
      registers,
    }),
    startWaitSeconds: new Histogram({
      name: "mediajob_start_wait_duration_seconds",
      help: "Time from the creation of a MediaJob to its first start, by priority.",
      labelNames: ["priority"] as const,
      buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400],
      registers,
    }),
    jobSeconds: new Histogram({
      name: "mediajob_run_duration_seconds",
      help: "Time from the first start of a MediaJob to its end, by the phase in which it ended.",
      labelNames: ["phase"] as const,
      buckets: [1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400],
      registers,
    }),
    unitsFinished: new Counter({
      name: "mediajob_units_finished_total",
      help: "Units that ended, by result.",
      labelNames: ["result"] as const,
      registers,
    }),
    attemptsFailed: new Counter({
      name: "mediajob_attempts_failed_total",
      help: "Attempts that failed, by class of the failure.",
      labelNames: ["class"] as const,
      registers,
    }),
    retries: new Counter({
      name: "mediajob_retries_total",
      help: "Attempts started after an earlier one at the same unit, by family.",
      labelNames: ["family"] as const,
      registers,
    }),
    fallbacks: new Counter({
      name: "mediajob_gpu_fallbacks_total",
      help: "Attempts started without the accelerator that their unit was planned for.",
      labelNames: ["family"] as const,
      registers,
    }),
    unitSeconds: new Histogram({
      name: "mediajob_unit_duration_seconds",
      help: "Time that units took in the worker, by family.",
      labelNames: ["family"] as const,
      buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400],
      registers,
    }),
    mediaSecondRatio: new Histogram({
      name: "mediajob_unit_media_duration_ratio",
      help: "Seconds that units took for each second of media they made, by family: below 1 is faster than real time.",
      labelNames: ["family"] as const,
      buckets: [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 100],
      registers,
    }),
    estimateRatio: new Histogram({
      name: "mediajob_unit_estimate_ratio",
      help: "Time that units took, divided by its estimate, by family: 1 is right, above is too short an estimate.",
      labelNames: ["family"] as const,
      buckets: [0.1, 0.25, 0.5, 0.8, 1, 1.25, 2, 4, 10],
      registers,
    }),
    cacheAgeSeconds: new Gauge({
      name: "mediajob_cache_age_seconds",
      help: "Time since the API server last said anything of a kind, at first since the start; about a minute when nothing happens.",
      labelNames: ["kind"] as const,
      registers,
    }),
    leader: new Gauge({
      name: "mediajob_leader",
      help: "1 while this replica leads.",
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
