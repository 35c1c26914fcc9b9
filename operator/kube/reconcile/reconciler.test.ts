import { describe, expect, test } from "vitest";
import { FAILURE_CLASSES } from "../../../crds/failures.ts";
import { LABELS, UNIT_ANNOTATION } from "../../../crds/group.ts";
import type { MediaJobStatus, Phase } from "../../../crds/media-job-status.ts";
import type { Unit } from "../../../crds/unit.ts";
import { mediaJob, result, sources, thumb, web } from "../../../test/builders/core.ts";
import { configuration, defaultConfiguration } from "../../core/configuration.ts";
import { plan } from "../../core/plan/plan.ts";
import { ApiError } from "../api/api-error.ts";
import type { Job, Pod, StoredMediaJob } from "../api/resources.ts";
import { unitJob } from "../jobs/unit-job.ts";
import { ProgressView } from "../progress-view.ts";
import { operatorInMemory } from "../testing/operator.ts";
import type { Shell } from "./shell.ts";

/** Two units and the one that finalizes, so that its plan has an object of its own. */
const two = { sources: sources("a", "b"), outputs: [web] };

const stored = (phase: Phase, ledger: string, spec: object = {}): StoredMediaJob => {
  const counts = { total: 3, pending: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, done: "" };
  const status = { phase, startTime: "2026-01-01T00:00:00Z", units: { ...counts, ledger } };
  return mediaJob({ ...two, ...spec }, status as MediaJobStatus) as StoredMediaJob;
};

/** The Jobs of the first attempts at these units; their pods are gone. */
function jobsOf(job: StoredMediaJob, units: readonly number[], condition?: "Complete" | "Failed"): Job[] {
  const settings = defaultConfiguration();
  return units.map((index) => {
    const planned = plan(job.spec, settings.pools).units[index];
    if (!planned || "refused" in planned.placement) throw new Error(`no unit ${index} that can start`);
    const draft = unitJob({
      ...{ job, planned, attempt: 1, placed: planned.placement },
      configuration: settings,
    });
    const metadata = { ...draft.metadata, uid: `job-${index}`, resourceVersion: "50" };
    const conditions = condition ? [{ type: condition, status: "True" }] : [];
    return { ...draft, metadata, status: { conditions } } as Job;
  });
}

describe("a MediaJob that is over", () => {
  test("costs a new leader no request, though it had several units and their pods are gone", async () => {
    const { hold, pass, shell, asked } = operatorInMemory();
    const job = hold(stored("Succeeded", "3s"));
    await pass(job); // tells that the status was observed
    for (const each of jobsOf(job, [0, 1, 2], "Complete")) shell.jobs.put(each);
    asked.length = 0;
    await pass(job);
    expect(asked).toEqual([]);
  });

  test("stops what is left of it", async () => {
    const { hold, pass, shell, asked } = operatorInMemory();
    const job = hold(stored("Failed", "3f"));
    await pass(job);
    for (const each of jobsOf(job, [1])) shell.jobs.put(each);
    asked.length = 0;
    await pass(job);
    expect(asked).toEqual(["delete jobs"]);
  });

  test("has left no plan in memory, and reads it when it is retried", async () => {
    const { hold, pass, asked } = operatorInMemory();
    const job = hold(stored("Running", "2s1."));
    await pass(job);
    expect(asked).toContain("create configmaps");
    hold(stored("Failed", "1s1f1s"));
    await pass(job);
    asked.length = 0;
    hold(stored("Failed", "1s1f1s", { retryGeneration: 1 }));
    await pass(job);
    expect(asked.slice(0, 2)).toEqual(["get configmaps", "create jobs"]);
  });

  test("is told of without its sources, since events of it may wait for an hour", async () => {
    const { hold, pass, shell } = operatorInMemory();
    const told: number[] = [];
    shell.onStatus = (_, { spec }) => void told.push(spec.sources.length);
    const job = hold(mediaJob({ cancel: true }) as StoredMediaJob);
    await pass(job);
    await pass(job);
    expect(shell.mediaJobs.get(job.metadata)?.status?.phase).toBe("Cancelled");
    expect(told).toEqual([0, 0]);
  });

  test("has left no progress in memory, nor does what a worker says late stay there", async () => {
    const { hold, pass, shell } = operatorInMemory();
    const progress = new ProgressView();
    shell.progress = progress;
    const job = hold(stored("Succeeded", "3s"));
    const { uid } = job.metadata;
    const report = { ...{ unit: "video-0", attempt: 1, stage: "encoding" }, fraction: 0.9 };
    for (const sequence of [1, 2]) {
      progress.accept({ ...report, job: { namespace: "media", name: "holiday", uid: uid }, sequence });
      await pass(job);
      expect([...progress.of(uid)]).toEqual([]);
    }
  });

  test("that is retried while a pass waits for an answer is decided anew, by its plan", async () => {
    const { hold, pass, shell, asked } = operatorInMemory();
    const job = hold(stored("Failed", "1s1f1s"));
    await pass(job);
    const unseen = { namespace: "media", name: "holiday-video-1-a9", owner: job.metadata.uid };
    shell.usage.reserve(unseen, { pool: "default", mediaJob: "media/holiday" });
    asked.length = 0;
    shell.client.get = async () => {
      hold(stored("Failed", "1s1f1s", { retryGeneration: 1 }));
      return null;
    };
    expect(await pass(job)).toEqual({ afterMs: 0 });
    expect(asked).toEqual([]);
    await pass(job);
    expect(asked).toContain("create jobs");
  });
});

test("of lists that are written in another order later, each unit makes what was planned", async () => {
  const { hold, pass, shell } = operatorInMemory();
  const outputs = [
    { ...thumb, sources: ["photo"] },
    { ...web, sources: ["clip"] },
  ];
  const written = { sources: sources("photo", "clip"), outputs };
  const job = hold(mediaJob({ ...written, suspend: true }) as StoredMediaJob);
  await pass(job);
  const { sources: names } = written;
  const { spec } = mediaJob({ sources: names.toReversed(), outputs: outputs.toReversed() });
  hold({ ...(shell.mediaJobs.get(job.metadata) ?? job), spec });
  const made: [string, string[], string[]][] = [];
  const { create } = shell.client;
  shell.client.create = async (resource, draft, options) => {
    const template = (draft as Partial<Job>).spec?.template;
    const unit = JSON.parse(template?.metadata?.annotations?.[UNIT_ANNOTATION] ?? "null") as Unit | null;
    const namesOf = (items: readonly { name: string }[]) => items.map(({ name }) => name);
    if (unit) made.push([unit.name, namesOf(unit.sources), namesOf(unit.outputs)]);
    return await create(resource, draft, options);
  };
  await pass(job);
  expect(made).toEqual([
    ["image-0", ["photo"], ["thumb"]],
    ["video-0", ["clip"], ["web"]],
  ]);
});

test("of a MediaJob that goes on, pods are asked for only where the ledger has no letter of their unit", async () => {
  const { hold, pass, shell, asked } = operatorInMemory();
  const job = hold(stored("Running", "1s2."));
  for (const each of jobsOf(job, [0, 1], "Complete")) shell.jobs.put(each);
  await pass(job);
  expect(asked.filter((each) => each === "list pods")).toHaveLength(1);
});

test("once it is retried, all pods are asked for: what has failed in part is open again", async () => {
  const { hold, pass, shell, asked } = operatorInMemory();
  const job = hold(stored("PartiallySucceeded", "1s1p1s", { retryGeneration: 1 }));
  for (const each of jobsOf(job, [0, 1], "Complete")) shell.jobs.put(each);
  await pass(job);
  expect(asked.filter((each) => each === "list pods")).toHaveLength(2);
});

test("the last place that pools share is left to whose turn comes before, though it waits for another pool", async () => {
  const settings = {
    concurrency: 1,
    pools: [{ name: "cpu" }, { name: "gpu", gpuResource: "nvidia.com/gpu" }],
  };
  const { hold, pass, shell, clock } = operatorInMemory(configuration.parse(settings));
  const named = (name: string, spec: object): StoredMediaJob => {
    const job = mediaJob({ sources: sources(name), ...spec }) as StoredMediaJob;
    const creationTimestamp = clock.date().toISOString();
    return hold({ ...job, metadata: { ...job.metadata, name, uid: `uid-${name}`, creationTimestamp } });
  };
  const running = () => ["cpu", "gpu"].map((pool) => shell.usage.running(pool));
  const other = { namespace: "media", name: "other", owner: "uid-other" };
  shell.usage.take(other, { pool: "cpu" });
  const urgent = named("urgent", { priority: "Urgent", placement: { gpu: "Require" } });
  const low = named("low", { priority: "Low" });
  for (const job of [urgent, low]) await pass(job);
  expect(running()).toEqual([1, 0]);
  expect(shell.mediaJobs.get(low.metadata)?.status?.queue?.reason).toBe("OperatorFull");
  shell.usage.release(other);
  await pass(low);
  expect(running()).toEqual([0, 0]);
  await pass(urgent);
  expect(running()).toEqual([0, 1]);
});

describe("what the API server refuses", () => {
  const QUOTA = 'jobs.batch "x" is forbidden: exceeded quota: little';
  /** Refuses to make objects of that kind from now on; what `shell.client.create` was before comes back. */
  function refuse(shell: Shell, plural: string): () => void {
    const { create } = shell.client;
    shell.client.create = async (resource, draft, options) => {
      if (resource.plural !== plural) return await create(resource, draft, options);
      throw new ApiError(QUOTA, { code: 403, reason: "Forbidden" });
    };
    return () => {
      shell.client.create = create;
    };
  }
  const statusOf = (shell: Shell, job: StoredMediaJob) => shell.mediaJobs.get(job.metadata)?.status;
  const stalledOf = (shell: Shell, job: StoredMediaJob) =>
    statusOf(shell, job)?.conditions?.find(({ type }) => type === "Stalled");

  test("as a Job is told, keeps no place, and is asked for again", async () => {
    const { hold, pass, shell, asked, clock } = operatorInMemory();
    const job = hold(mediaJob() as StoredMediaJob);
    const allow = refuse(shell, "jobs");
    expect(await pass(job)).toEqual({ afterMs: 0 });
    const waits = await pass(job);
    expect(waits.afterMs).toBeGreaterThan(3_000);
    expect(statusOf(shell, job)).toMatchObject({
      phase: "Queued",
      queue: { reason: "UnitCreationRejected" },
    });
    expect(stalledOf(shell, job)).toMatchObject({ status: "True", message: expect.stringContaining(QUOTA) });
    expect(shell.usage.running("default")).toBe(0);
    allow();
    clock.advance(10_000);
    asked.length = 0;
    await pass(job);
    expect(asked).toContain("create jobs");
    expect([stalledOf(shell, job)?.status, statusOf(shell, job)?.phase]).toEqual(["False", "Running"]);
  });

  test("as a plan is told, once", async () => {
    const { hold, pass, shell, asked } = operatorInMemory();
    const job = hold(mediaJob(two) as StoredMediaJob);
    const allow = refuse(shell, "configmaps");
    await expect(pass(job)).rejects.toThrow(QUOTA);
    expect(stalledOf(shell, job)).toMatchObject({ status: "True", reason: "UnitCreationRejected" });
    expect(statusOf(shell, job)?.phase).toBe("Pending");
    asked.length = 0;
    await expect(pass(job)).rejects.toThrow(QUOTA);
    expect(asked).not.toContain("write mediajobs");
    allow();
    await pass(job);
    expect([stalledOf(shell, job)?.status, statusOf(shell, job)?.phase]).toEqual(["False", "Running"]);
  });
});

describe("what an attempt has shown", () => {
  const { storage } = FAILURE_CLASSES;

  function operator(settings = defaultConfiguration()) {
    const { hold, pass, shell, clock } = operatorInMemory(settings);
    const statusOf = ({ metadata }: StoredMediaJob) => shell.mediaJobs.get(metadata)?.status;
    return {
      ...{ pass, shell, clock, statusOf },
      /** A MediaJob of one unit, whose files are its own, on the volume of all. */
      named: (name: string): StoredMediaJob => {
        const job = mediaJob({ sources: sources(name) });
        return hold({ ...job, metadata: { ...job.metadata, name, uid: `uid-${name}` } } as StoredMediaJob);
      },
      /** The first attempt ends, and its pod stays to be looked at. */
      end: ({ metadata: { name: mediaJob, uid, namespace } }: StoredMediaJob, exitCode: number) => {
        const name = `${mediaJob}-image-0-a1`;
        const job = shell.jobs.get({ name, namespace });
        if (!job) throw new Error(`there is no Job ${name}`);
        const type = exitCode === 0 ? "Complete" : "Failed";
        const condition = { type, status: "True", lastTransitionTime: clock.date().toISOString() };
        shell.jobs.put({
          ...job,
          metadata: { ...job.metadata, resourceVersion: `${job.metadata.resourceVersion}0` },
          status: { conditions: [condition] },
        } as unknown as Job);
        const message = exitCode === 0 ? JSON.stringify(result()) : "";
        shell.pods.put({
          metadata: {
            ...{ name, namespace, uid: `pod-of-${name}`, resourceVersion: "1" },
            labels: { [LABELS.jobUid]: uid, [LABELS.unit]: "image-0", [LABELS.attempt]: "1" },
            ownerReferences: [
              { apiVersion: "batch/v1", kind: "Job", name, uid: job.metadata.uid, controller: true },
            ],
          },
          status: {
            phase: exitCode === 0 ? "Succeeded" : "Failed",
            containerStatuses: [{ name: "worker", state: { terminated: { exitCode, message } } }],
          },
        } as unknown as Pod);
      },
    };
  }

  test("of a volume pauses all that would start on it, until one of them has shown that it is back", async () => {
    const { named, pass, end, clock, statusOf } = operator();
    for (const name of ["a", "b", "c"]) {
      const job = named(name);
      await pass(job);
      end(job, storage.exitCode);
      await pass(job);
    }
    const [probe, other] = [named("d"), named("e")];
    for (const job of [probe, other]) {
      await pass(job);
      expect(statusOf(job)).toMatchObject({ phase: "Queued", queue: { reason: "CircuitOpen" } });
      expect(statusOf(job)?.conditions).toContainEqual(
        expect.objectContaining({ type: "Stalled", status: "True", reason: "CircuitOpen" }),
      );
    }
    clock.advance(60_000);
    for (const job of [probe, other]) await pass(job);
    expect([statusOf(probe)?.phase, statusOf(other)?.phase]).toEqual(["Running", "Queued"]);
    end(probe, 0);
    for (const job of [probe, other]) await pass(job);
    expect([statusOf(probe)?.phase, statusOf(other)?.phase]).toEqual(["Succeeded", "Running"]);
  });

  test.each([
    { name: "all of them try again where there is room", taken: 0, again: ["a", "b"] },
    { name: "one of them does in a full cluster", taken: 18, again: ["a"] },
  ])("of a volume holds retries back: $name", async ({ taken, again }) => {
    const { named, pass, end, shell, clock, statusOf } = operator(configuration.parse({ concurrency: 20 }));
    const jobs = ["a", "b"].map(named);
    for (const job of jobs) {
      await pass(job);
      end(job, storage.exitCode);
      await pass(job);
    }
    for (let n = 0; n < taken; n++)
      shell.usage.take({ namespace: "other", name: `${n}`, owner: "uid" }, { pool: "default" });
    clock.advance(5_000);
    for (const job of jobs) await pass(job);
    const isThere = (name: string) => shell.jobs.get({ namespace: "media", name: `${name}-image-0-a2` });
    expect(["a", "b"].filter(isThere)).toEqual(again);
    const reasons = jobs.map((job) => statusOf(job)?.queue?.reason);
    expect(reasons).toEqual([undefined, taken > 0 ? "RetriesLimited" : undefined]);
  });

  test("of what its work takes is told once, to be learned from", async () => {
    const { named, pass, end, shell } = operator();
    const told: [string, number][] = [];
    shell.onMeasured = ({ unit, usage }) => void told.push([unit.operation, usage.peakMemoryBytes]);
    const job = named("a");
    await pass(job);
    end(job, 0);
    for (let again = 0; again < 2; again++) await pass(job);
    expect(told).toEqual([["image/webp", result().usage.peakMemoryBytes]]);
  });
});

describe("a unit that does not start is told within 30 s, in the cluster's own words:", () => {
  const name = "holiday-image-0-a1";

  test.each([
    {
      name: "a quota lets its Job have no pod",
      said: "exceeded quota: little",
      meet: (shell: Shell) => {
        const involvedObject = { kind: "Job", name, uid: `uid-of-${name}` };
        const event = {
          metadata: {},
          involvedObject,
          reason: "FailedCreate",
          message: "exceeded quota: little",
        };
        shell.client.list = async ({ plural }) => ({
          items: plural === "events" ? [event as never] : [],
          resourceVersion: "1",
        });
      },
    },
    {
      name: "no node takes its pod, for want of a claim",
      said: 'persistentvolumeclaim "absent" not found',
      meet: ({ jobs, pods, clock }: Shell, { metadata }: StoredMediaJob) => {
        const job = jobs.get({ namespace: "media", name });
        const lastTransitionTime = clock.date().toISOString();
        const message = 'persistentvolumeclaim "absent" not found';
        pods.put({
          metadata: {
            ...{ name, namespace: "media", uid: "pod", resourceVersion: "1" },
            labels: { [LABELS.jobUid]: metadata.uid, [LABELS.unit]: "image-0", [LABELS.attempt]: "1" },
            ownerReferences: [
              { apiVersion: "batch/v1", kind: "Job", name, uid: job?.metadata.uid ?? "", controller: true },
            ],
          },
          status: {
            phase: "Pending",
            conditions: [
              { type: "PodScheduled", status: "False", reason: "Unschedulable", message, lastTransitionTime },
            ],
          },
        } as unknown as Pod);
      },
    },
  ])("$name", async ({ said, meet }) => {
    const { hold, pass, shell, clock } = operatorInMemory();
    const job = hold(mediaJob() as StoredMediaJob);
    const startedMs = clock.now();
    let next = await pass(job);
    clock.advance(1_000); // the scheduler, or the Job controller, takes a moment
    meet(shell, job);
    const stalled = () =>
      shell.mediaJobs.get(job.metadata)?.status?.conditions?.find(({ type }) => type === "Stalled");
    while (stalled()?.status !== "True" && next.afterMs !== null && clock.now() - startedMs < 60_000) {
      clock.advance(next.afterMs);
      next = await pass(job);
    }
    expect(stalled()).toMatchObject({ status: "True", message: expect.stringContaining(said) });
    expect(clock.now() - startedMs).toBeLessThanOrEqual(30_000);
  });
});
