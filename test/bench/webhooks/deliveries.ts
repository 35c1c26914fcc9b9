import type { PendingDelivery } from "../../../crds/media-job-status.ts";
import { MEDIA_JOBS, type StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import { until } from "../../cluster/until.ts";
import { arrive } from "../arrivals.ts";
import { type OperatorProcess, startOperator } from "../operator-process.ts";
import { type Measurement, percentile } from "../report.ts";
import { type ControlPlane, NAMESPACE } from "./control-plane.ts";
import { mediaJob, webhook } from "./manifests.ts";
import { Receivers } from "./receivers.ts";

/** The most that may wait for an endpoint. */
const EVENTS_PER_JOB = 50;
const JOB_COUNT = 200;
/** MediaJobs of a steady pace: 600 events a second. */
const PER_SECOND = 12;

/** What the operator is told, so that its webhooks may go to this machine. */
export const configuration = { webhooks: { allow: { cidrs: ["127.0.0.0/8"] } } };

/**
 * Events that wait in outboxes, for two endpoints each, one of which is dead. They are written there by the benchmark,
 * in MediaJobs that rest: so many real transitions a second would measure the API server. First a backlog that an
 * operator finds when it starts, then as many that come at a steady pace.
 */
export async function measureDeliveries(
  plane: ControlPlane,
  nodeOptions: readonly string[],
): Promise<Measurement[]> {
  const receivers = await Receivers.start();
  let operator: OperatorProcess | undefined;
  try {
    const webhooks = [
      webhook("healthy", receivers.healthy, ["job.completed"]),
      webhook("dead", receivers.dead, ["job.completed"]),
    ];
    const names = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
    const [backlog, batches] = [names("backlog", JOB_COUNT), names("batch", JOB_COUNT)];
    for (const all of [backlog, batches])
      await arrive(all.length, "Burst", (index) =>
        plane.client.create(MEDIA_JOBS, mediaJob(all[index] ?? "", { suspend: true, webhooks })),
      );
    await arrive(backlog.length, "Burst", (index) => fill(plane, backlog[index] ?? ""));

    operator = await startOperator(plane, { nodeOptions, configuration });
    const first = await receivers.take(JOB_COUNT * EVENTS_PER_JOB, 120_000);
    await atRest(operator);
    const before = operator.usage();
    await arrive(batches.length, { perSecond: PER_SECOND }, (index) => fill(plane, batches[index] ?? ""));
    const second = await receivers.take(JOB_COUNT * EVENTS_PER_JOB, 120_000);
    const after = operator.usage();

    const delaysMs = second.arrivals.map(({ atMs, fromMs }) => atMs - fromMs);
    const count = second.arrivals.length;
    return [
      {
        name: `${first.arrivals.length} events that wait, another endpoint dead: delivered`,
        unit: "/s",
        target: { atLeast: 500 },
        value: rateOf(first.arrivals),
      },
      {
        name: `${count} events at ${PER_SECOND * EVENTS_PER_JOB}/s, another endpoint dead: delivered`,
        unit: "/s",
        target: { atLeast: 500 },
        value: rateOf(second.arrivals),
      },
      { name: "  delay, p50", unit: "ms", value: percentile(delaysMs, 0.5) },
      { name: "  delay, p99", unit: "ms", target: { atMost: 1000 }, value: percentile(delaysMs, 0.99) },
      {
        name: "  operator CPU an event",
        unit: "ms",
        value: ((after.cpuSeconds - before.cpuSeconds) * 1000) / count,
      },
      {
        name: "  sent more than once",
        unit: "",
        target: { atMost: 0 },
        value: first.requests + second.requests - first.arrivals.length - count,
      },
      { name: "  operator RSS, peak", unit: "MB", value: after.peakRssBytes / 1e6 },
    ];
  } finally {
    await operator?.stop();
    await receivers.stop();
  }
}

/** Waits until nothing has been written for a while: what is measured next does not share the API server with it. */
async function atRest(operator: OperatorProcess): Promise<void> {
  let seen = -1;
  const isAtRest = async () => {
    const writes = (await operator.requests()).get("update mediajobs") ?? 0;
    const rests = writes === seen;
    seen = writes;
    return rests;
  };
  await until("the operator to rest", isAtRest, { timeoutMs: 60_000, everyMs: 2_000 });
}

function rateOf(arrivals: readonly { atMs: number }[]): number {
  const times = arrivals.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
  return (arrivals.length * 1000) / ((times.at(-1) ?? 0) - (times[0] ?? 0));
}

/** Puts events into both outboxes of a MediaJob that rests. */
function fill({ client }: ControlPlane, name: string): Promise<StoredMediaJob> {
  const time = new Date().toISOString();
  const pending = Array.from(
    { length: EVENTS_PER_JOB },
    (_, index): PendingDelivery => ({
      id: `msg_${name}_${index + 1}`,
      type: "job.completed",
      sequence: index + 1,
      time,
      phase: "Suspended",
      message: "an event of the benchmark",
    }),
  );
  const box = { pending, delivered: 0, deadLetters: 0 };
  const status = {
    phase: "Suspended",
    eventSequence: EVENTS_PER_JOB,
    webhooks: [
      { ...box, name: "healthy" },
      { ...box, name: "dead" },
    ],
  };
  return client.mergePatch(MEDIA_JOBS, { name, namespace: NAMESPACE }, { status }, { subresource: "status" });
}
