import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** All metrics of the operator. Labels are bounded: never a name of a MediaJob. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
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
      help: "Attempts that run now, by pool.",
      labelNames: ["pool"] as const,
      registers,
    }),
    circuitsOpen: new Gauge({
      name: "mediajob_circuits_open",
      help: "Volumes or namespaces for which starting units is paused because many failed.",
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
      help: "Webhook events by how they ended.",
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
    webhookCircuitsOpen: new Gauge({
      name: "mediajob_webhook_circuits_open",
      help: "Hosts to which no webhooks are sent for a while, because they failed.",
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
