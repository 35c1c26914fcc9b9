import { type Logger, pino } from "pino";
import { describe, expect, test } from "vitest";
import type { MediaJobStatus } from "../../crds/media-job-status.ts";
import { film, mediaJob, sources } from "../../test/builders/core.ts";
import { configuration } from "../core/configuration.ts";
import { plan } from "../core/plan/plan.ts";
import { ApiError } from "./api/api-error.ts";
import type { Draft, ObjectRef } from "./api/kube-object.ts";
import { JOBS, type Job, type Pod, type Resource, type StoredMediaJob } from "./api/resources.ts";
import { createCaches } from "./cache/caches.ts";
import { Controller } from "./controller.ts";
import { ATTEMPT_ANNOTATIONS, unitJob } from "./jobs/unit-job.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const audit = { name: "audit", url: "https://audit.test/", secretRef: { name: "s", key: "secret" } };
const waiting = {
  ...{ id: "m1", type: "job.completed", sequence: 1, time: "2026-01-01T12:00:00Z" },
  phase: "Succeeded" as const,
};

/** A leader before these MediaJobs, and those for whose outboxes a pass has called. */
async function leader(jobs: Record<string, MediaJobStatus>, spec: Record<string, unknown> = {}) {
  const clock = new ManualClock();
  const unread = { client: {} as never, clock, random: Math.random, onError: () => {} };
  const caches = { ...createCaches(unread), refresh: async () => [] };
  const client = {
    get: async () => null,
    replaceStatus: async (_: unknown, ref: ObjectRef, status: MediaJobStatus) => ({
      ...caches.mediaJobs.store.get(ref),
      status,
    }),
  } as unknown as ConstructorParameters<typeof Controller>[0]["client"];
  for (const [name, status] of Object.entries(jobs)) {
    const { metadata, ...rest } = mediaJob(spec, status);
    const stored = { ...metadata, name, uid: name, resourceVersion: "1" };
    caches.mediaJobs.store.put({ ...rest, metadata: stored } as StoredMediaJob);
  }
  const decided: string[] = [];
  let passes = 0;
  const controller = new Controller({
    ...{ client, caches, clock, random: Math.random, log: pino({ enabled: false }), instance: "test" },
    configuration: () => configuration.parse({ webhooks: { endpoints: [audit] } }),
    remainingMs: () => 60_000,
    deliveriesOf: () => [],
    onOutbox: (key) => void decided.push(key.split("/")[1] ?? ""),
    onGone: () => {},
    metrics: { onPass: () => void passes++, onStart: () => {}, onPhase: () => {} },
  });
  await controller.start(new AbortController().signal);
  await expect.poll(() => passes).toBe(Object.keys(jobs).length);
  decided.length = 0;
  return { controller, decided };
}

test("another configuration concerns what is not over, and of the rest those whose webhooks still wait", async () => {
  const box = { name: "operator/audit", delivered: 0, deadLetters: 0 };
  const jobs: Record<string, MediaJobStatus> = {
    told: { phase: "Succeeded", webhooks: [{ ...box, pending: [] }] },
    untold: { phase: "Succeeded", webhooks: [{ ...box, pending: [waiting] }] },
    rests: { phase: "Suspended" },
  };
  const { controller, decided } = await leader(jobs, { suspend: true });
  controller.reconfigured();
  await expect.poll(() => decided.toSorted()).toEqual(["rests", "untold"]);
});

const settings = configuration.parse({
  pools: [
    { name: "cpu", costWeight: 5 },
    { name: "gpu", gpuResource: "nvidia.com/gpu", encoder: "nvenc", concurrency: 1 },
  ],
});
const stored = (name: string): StoredMediaJob => {
  const { metadata, ...rest } = mediaJob({ sources: sources(name), outputs: [film] });
  const creationTimestamp = "2026-01-01T00:00:00Z";
  const own = { ...{ name, uid: name, resourceVersion: "1" }, creationTimestamp };
  return { ...rest, metadata: { ...metadata, ...own } } as StoredMediaJob;
};

/** A replica and the pools in which it has had Jobs made; `answer` is what the API server says of one. */
function replica(
  answer: (draft: Draft<Job>) => Job | Promise<Job>,
  { log = pino({ enabled: false }) }: { log?: Logger } = {},
) {
  const clock = new ManualClock();
  const unread = { client: {} as never, clock, random: Math.random, onError: () => {} };
  const caches = { ...createCaches(unread), refresh: async () => [] };
  const made: (string | undefined)[] = [];
  let passes = 0;
  const client = {
    get: async () => null,
    list: async () => ({ items: [] }),
    create: async (resource: Resource, draft: Draft<Job>) => {
      if (resource.plural !== JOBS.plural) return draft;
      made.push(draft.metadata.annotations?.[ATTEMPT_ANNOTATIONS.pool]);
      return answer(draft);
    },
    replaceStatus: async (_: unknown, ref: ObjectRef, status: MediaJobStatus) => ({
      ...caches.mediaJobs.store.get(ref),
      status,
    }),
  } as unknown as ConstructorParameters<typeof Controller>[0]["client"];
  const controller = new Controller({
    ...{ client, caches, clock, random: () => 0.5, log, instance: "test" },
    configuration: () => settings,
    remainingMs: () => 60_000,
    deliveriesOf: () => [],
    ...{ onOutbox: () => {}, onGone: () => {} },
    metrics: { onPass: () => void passes++, onStart: () => {}, onPhase: () => {} },
  });
  /** Leads, until each of so many MediaJobs had a pass. */
  const lead = async (jobs: number) => {
    const before = passes;
    await controller.start(new AbortController().signal);
    await expect.poll(() => passes).toBeGreaterThanOrEqual(before + jobs);
  };
  return { controller, caches, clock, made, lead };
}
const isMade = (draft: Draft<Job>): Job =>
  ({ ...draft, metadata: { ...draft.metadata, uid: "j", resourceVersion: "2" } }) as Job;

test("each attempt that starts or fails is a line of the log, with its MediaJob and its unit", async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) });
  const { caches, lead } = replica(isMade, { log });
  caches.mediaJobs.store.put(stored("told"));
  await lead(1);
  const attempt = { namespace: "media", mediajob: "told", unit: "video-0", attempt: 1 };
  expect(lines).toContainEqual({ level: 30, ...attempt, pool: "gpu", msg: "attempt started" });

  const job = caches.jobs.store.get({ namespace: "media", name: "told-video-0-a1" });
  const conditions = [{ type: "Failed", status: "True", reason: "DeadlineExceeded" }];
  const metadata = { ...job?.metadata, resourceVersion: "3" };
  caches.jobs.store.put({ ...job, metadata, status: { conditions } } as Job);
  const failures = () => lines.filter(({ msg }) => msg === "attempt failed");
  await expect
    .poll(failures)
    .toMatchObject([{ level: 40, ...attempt, class: "deadline", reason: "DeadlineExceeded" }]);
});

test("who waits for room that is kept for another is not woken for it, again and again", async () => {
  const { controller, caches, clock, made, lead } = replica(isMade);
  const [big, small] = [stored("big"), stored("small")].map((job) => ({
    ...job,
    spec: { ...job.spec, placement: { gpu: "Never" as const } },
  }));
  if (!big || !small) throw new Error("there are two");
  const [planned] = plan(big.spec, settings.pools).units;
  if (!planned || "refused" in planned.placement) throw new Error("the plan has no unit that is placed");
  const attempts = { job: big, planned, placed: planned.placement, configuration: settings };
  const message = "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible";
  const told = {
    [ATTEMPT_ANNOTATIONS.failedBecause]: message,
    [ATTEMPT_ANNOTATIONS.failedReason]: "NotScheduled",
  };
  const first = isMade(unitJob({ ...attempts, attempt: 1 }));
  const second = isMade(unitJob({ ...attempts, attempt: 2 }));
  const { name } = second.metadata;
  const now = clock.date().toISOString();
  caches.jobs.store.put({
    ...first,
    metadata: { ...first.metadata, uid: "j1", annotations: told },
    status: { conditions: [{ type: "Failed", status: "True", reason: "DeadlineExceeded" }] },
  } as Job);
  caches.jobs.store.put(second);
  caches.pods.store.put({
    metadata: {
      ...{ name, namespace: "media", uid: "p", resourceVersion: "1", labels: second.metadata.labels },
      ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name, uid: "j", controller: true }],
    },
    status: {
      phase: "Pending",
      conditions: [
        { type: "PodScheduled", status: "False", reason: "Unschedulable", message, lastTransitionTime: now },
      ],
    },
  } as unknown as Pod);
  caches.mediaJobs.store.put(big);
  await lead(1);
  caches.mediaJobs.store.put(small);
  await new Promise(setImmediate);
  expect([made, controller.waiting().map(({ key }) => key)]).toEqual([[], ["media/small"]]);
});

describe("between two terms", () => {
  test("another may have led, so that a wait for an accelerator begins anew", async () => {
    const { controller, caches, clock, made, lead } = replica(isMade);
    const [other, waiting] = [stored("other"), stored("waiting")];
    const [planned] = plan(other.spec, settings.pools).units;
    if (!planned || "refused" in planned.placement) throw new Error("the plan has no unit that is placed");
    const job = unitJob({
      ...{ job: other, planned, attempt: 1, placed: planned.placement },
      configuration: settings,
    });
    for (const each of [other, waiting]) caches.mediaJobs.store.put(each);
    caches.jobs.store.put(isMade(job));
    await lead(2);
    expect([controller.running("gpu"), controller.waiting().length]).toEqual([1, 1]);
    await controller.stop(0);
    clock.advance(3_600_000);
    await lead(2);
    expect(made).toEqual([]);
    clock.advance(120_000);
    await expect.poll(() => made).toEqual(["cpu"]);
  });

  test("what a pass of the last one waits for is answered before the next one begins", async () => {
    const answer = Promise.withResolvers<Job>();
    const { controller, caches, clock, made } = replica(() => answer.promise);
    caches.mediaJobs.store.put(stored("unanswered"));
    await controller.start(new AbortController().signal);
    await expect.poll(() => made).toEqual(["gpu"]);
    const stopped = controller.stop(0);
    clock.advance(0);
    await stopped;
    let hasBegun = false;
    const begun = controller.start(new AbortController().signal).then(() => {
      hasBegun = true;
    });
    await new Promise(setImmediate);
    expect(hasBegun).toBe(false);
    answer.reject(ApiError.unanswered({ method: "POST", what: "jobs" }, "RequestTimeout", "no answer"));
    await begun;
  });

  test("no place is shown as taken that was taken for a Job of which nobody knows", async () => {
    const { controller, caches, made, lead } = replica(() => {
      throw ApiError.unanswered({ method: "POST", what: "jobs" }, "RequestTimeout", "no answer");
    });
    caches.mediaJobs.store.put(stored("unanswered"));
    await lead(1);
    expect([made, controller.running("gpu")]).toEqual([["gpu"], 1]);
    await controller.stop(0);
    expect(controller.running("gpu")).toBe(0);
  });
});
