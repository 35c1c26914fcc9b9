import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { pino } from "pino";
import type { MediaJob } from "../../../crds/media-job.ts";
import { notify } from "../../../operator/core/reconcile/notify.ts";
import { ManualClock } from "../../../operator/kube/testing/manual-clock.ts";
import { Dispatcher } from "../../../operator/webhooks/dispatcher.ts";
import { mediaJob, observation } from "../../builders/core.ts";
import type { Measurement } from "../report.ts";
import { webhook } from "./manifests.ts";

const JOB_COUNT = 500;
/** Each is suspended or resumed so often: its outbox is full after 12 minutes. */
const TRANSITION_EVERY_MS = 15_000;
const TRANSITIONS = (60 * 60_000) / TRANSITION_EVERY_MS;

/**
 * An endpoint that does not answer for an hour while MediaJobs go on, by a clock that is set: the core's outbox and
 * the dispatcher, without an API server. What stays in memory must be what stands in the outboxes.
 */
export async function measureHourOfOutage(): Promise<Measurement[]> {
  const clock = new ManualClock();
  const delivered = new Map<string, number>();
  const news = new Set<string>();
  const dispatcher = new Dispatcher({
    secretOf: async () => "c2VjcmV0",
    send: async ({ url }) => {
      delivered.set(url, (delivered.get(url) ?? 0) + 1);
      return url.includes("dead")
        ? { outcome: "retry", error: "connect ECONNREFUSED" }
        : { outcome: "delivered", status: 204 };
    },
    sleep: (ms) => new Promise((resolve) => void clock.after(ms, () => resolve(true))),
    now: () => clock.date(),
    elapsedMs: () => clock.now(),
    log: pino({ enabled: false }),
    onOutcome: (key) => void news.add(key),
  });

  const webhooks = [webhook("healthy", "https://healthy.test/"), webhook("dead", "https://dead.test/")];
  const jobs = new Map<string, MediaJob>(
    Array.from({ length: JOB_COUNT }, (_, index) => {
      const job = mediaJob({ webhooks });
      const metadata = { ...job.metadata, name: `job-${index}`, uid: `uid-${index}` };
      return [`media/job-${index}`, { ...job, metadata }];
    }),
  );
  const pass = (key: string, job: MediaJob, phase = job.status?.phase) => {
    const observed = observation({
      job,
      deliveries: dispatcher.outcomes(key),
      nowMs: clock.date().getTime(),
    });
    const status = notify(job, { ...job.status, ...(phase && { phase }) }, observed);
    const written = { ...job, status };
    jobs.set(key, written);
    dispatcher.acknowledge(key, written);
    dispatcher.dispatch(key, written);
  };
  const heapMb: number[] = [];
  for (let transition = 1; transition <= TRANSITIONS; transition++) {
    for (const [key, job] of jobs) pass(key, job, transition % 2 ? "Suspended" : "Running");
    for (let ms = 0; ms < TRANSITION_EVERY_MS; ms += 1000) {
      await settled();
      clock.advance(1000);
      for (const key of news) pass(key, jobs.get(key) as MediaJob);
      news.clear();
    }
    if (transition % (TRANSITIONS / 6) === 0) heapMb.push(heapAfterGc());
  }
  const [, afterTwenty = 0] = heapMb;
  const boxes = [...jobs.values()].flatMap(({ status }) => status?.webhooks ?? []);
  const pending = boxes.filter(({ name }) => name === "dead").map((box) => box.pending.length);
  const largest = Math.max(...[...jobs.values()].map(({ status }) => JSON.stringify(status).length));
  const name = `an endpoint down for an hour, ${JOB_COUNT} MediaJobs, ${TRANSITIONS} transitions each`;
  return [
    {
      name: `${name}: heap after 60 min beyond that after 20`,
      unit: "MB",
      target: { atMost: 2 },
      value: Math.max(0, (heapMb.at(-1) ?? 0) - afterTwenty),
    },
    { name: "  heap after 60 min", unit: "MB", value: heapMb.at(-1) ?? 0 },
    { name: "  events that wait, most", unit: "", target: { atMost: 50 }, value: Math.max(...pending) },
    { name: "  largest status", unit: "kB", target: { atMost: 64 }, value: largest / 1000 },
    {
      name: "  delivered to the healthy endpoint",
      unit: "%",
      target: { atLeast: 100 },
      value: ((delivered.get("https://healthy.test/") ?? 0) * 100) / (JOB_COUNT * TRANSITIONS),
    },
    { name: "  tries at the dead one", unit: "", value: delivered.get("https://dead.test/") ?? 0 },
  ];
}

/** Lets what was woken run until it waits for the clock again. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function heapAfterGc(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 1e6;
}
