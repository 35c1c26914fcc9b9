import { describe, expect, test } from "vitest";
import type { MediaJob } from "../../../crds/media-job.ts";
import type { MediaJobStatus, Transition } from "../../../crds/media-job-status.ts";
import type { Failure } from "../../../crds/result.ts";
import {
  attempt,
  failed,
  finalized,
  mediaJob,
  NOW_MS,
  observation,
  result,
  sources,
  succeeded,
  web,
} from "../../../test/builders/core.ts";
import { configuration, defaultConfiguration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import type { ObservedAttempt } from "./attempt.ts";
import { decide } from "./decide.ts";
import type { Decision, Observation } from "./decision.ts";

const pass = (fields: Partial<Observation>): Decision => {
  const seen = observation(fields);
  return decide(seen, plan(seen.job.spec, defaultConfiguration().pools));
};

const starts = ({ actions }: Decision) =>
  actions.flatMap((action) =>
    action.do === "StartAttempt" ? [`${action.unit.name}-a${action.attempt}`] : [],
  );

const stops = ({ actions }: Decision) =>
  actions.flatMap((action) => (action.do === "StopAttempt" ? [action.attempt.name] : []));

/** The job after a pass, as the API server would have it. */
const advanced = (job: MediaJob, decision: Decision): MediaJob => ({ ...job, status: decision.status });

const conditions = ({ status }: Decision) =>
  (status.conditions ?? []).filter(({ status }) => status === "True").map(({ type }) => type);

describe("starting", () => {
  test("a new MediaJob starts its unit and is Running", () => {
    const decision = pass({});
    expect(starts(decision)).toEqual(["image-0-a1"]);
    expect(decision.status).toMatchObject({
      phase: "Running",
      units: { running: 1, done: "0/1" },
    });
    expect(conditions(decision)).toEqual(["Reconciling", "Admitted", "Planned"]);
  });

  test("without room it is Queued and says for which pool", () => {
    const decision = pass({ free: new Map([["default", 0]]), position: 7 });
    expect(starts(decision)).toEqual([]);
    expect(decision.status).toMatchObject({ phase: "Queued", queue: { position: 7, reason: "PoolFull" } });
    expect(decision.waitingFor).toEqual(new Map([["default", 1]]));
  });

  test.each([
    {
      shared: { ofOperator: 5, ofNamespace: 0 },
      reason: "NamespaceFull",
      message:
        "2 units wait for room in pool default; the namespace runs as many as concurrencyPerNamespace allows",
    },
    {
      shared: { ofOperator: 0, ofNamespace: 5 },
      reason: "OperatorFull",
      message: "2 units wait for room in pool default; the operator runs as many as concurrency allows",
    },
    {
      shared: { ofOperator: 5, ofNamespace: 5 },
      reason: "PoolFull",
      message: "2 units wait for room in pool default",
    },
  ])("without room for a cap that pools share it says which: $reason", ({ shared, reason, message }) => {
    const job = mediaJob({ outputs: [web], sources: sources("a", "b") });
    const { status } = pass({ job, free: new Map([["default", 0]]), shared, position: 3 });
    expect(status.queue).toEqual({ position: 3, reason, message });
  });

  test("a cap that this pass fills is the one that is told", () => {
    const job = mediaJob({ outputs: [web], sources: sources("a", "b") });
    const seen = { freeInAll: 1, shared: { ofOperator: 5, ofNamespace: 1 } };
    const decision = pass({ job, ...seen });
    expect([starts(decision).length, decision.status.queue?.reason]).toEqual([1, "NamespaceFull"]);
  });

  test("as many faults as there may be fit into a condition", () => {
    const names = Array.from({ length: 120 }, (_, index) => `missing-${index}`);
    const { status } = pass({ job: mediaJob({ outputs: [{ ...web, sources: names }] }) });
    const messages = (status.conditions ?? []).map(({ message }) => message.length);
    expect([status.phase, Math.max(...messages)]).toEqual(["Failed", 4096]);
  });

  test("no more than parallelism run at once", () => {
    const job = mediaJob({ outputs: [web], sources: sources("a", "b", "c", "d"), parallelism: 2 });
    expect(starts(pass({ job }))).toEqual(["video-0-a1", "video-1-a1"]);
    expect(starts(pass({ job, attempts: [attempt({ unit: "video-0" })] }))).toEqual(["video-1-a1"]);
  });

  test("a suspended MediaJob starts nothing and lets what runs finish", () => {
    const decision = pass({
      job: mediaJob({ outputs: [web], sources: sources("a", "b"), suspend: true }),
      attempts: [attempt({ unit: "video-0" })],
    });
    expect(decision.actions).toEqual([]);
    expect(decision.status.phase).toBe("Suspended");
  });

  test("what ended while it was suspended waits for nothing", () => {
    const { status } = pass({ job: mediaJob({ suspend: true }), attempts: [succeeded()] });
    expect([status.phase, status.queue]).toEqual(["Succeeded", undefined]);
  });

  test.each([
    { reason: "OutputConflict", message: "waits for MediaJob media/other" },
    { reason: "CircuitOpen", message: "3 attempts failed lately" },
  ])("what is Queued for $reason says so in its conditions and its history", (why) => {
    const { status } = pass({ pauses: [{ ...why, starts: 0, untilMs: NOW_MS + 60_000 }] });
    expect(status).toMatchObject({ phase: "Queued", queue: why, history: [{ reason: why.reason }] });
    expect(status.conditions?.find(({ type }) => type === "Ready")).toMatchObject(why);
  });

  test("a unit with a live attempt of an earlier retryGeneration does not start again", () => {
    expect(starts(pass({ job: mediaJob({ retryGeneration: 1 }), attempts: [attempt()] }))).toEqual([]);
  });
});

describe("ending", () => {
  test("when all units succeeded it is Succeeded, with outputs and usage", () => {
    const decision = pass({ attempts: [succeeded()] });
    expect(decision.status).toMatchObject({
      phase: "Succeeded",
      progress: { percent: 100, etaSeconds: 0 },
      units: { succeeded: 1, ledger: "1s", done: "1/1" },
      sources: { total: 1, succeeded: 1, failed: 0 },
      outputs: [{ uri: "volume://media/out/beach/thumb.webp" }],
      usage: { cpuSeconds: 1.5, bytesOut: 100 },
    });
    expect(conditions(decision)).toEqual(["Ready", "Admitted", "Complete", "Planned"]);
    expect(decision.done).toEqual({ wrote: true });
  });

  test("usage is that of all attempts that told of it, and of an accelerator where one had it", () => {
    const usage = { cpuSeconds: 10, peakMemoryBytes: 2e8, bytesIn: 1000, bytesOut: 0, wallSeconds: 4 };
    const attempts = [
      failed({ exitCode: 33, gpu: true, result: result({ usage }) }),
      failed({ attempt: 2, exitCode: 137 }),
      succeeded({ attempt: 3 }),
    ];
    const spent = { cpuSeconds: 11.5, gpuSeconds: 4, peakMemoryBytes: 2e8, bytesIn: 2000, bytesOut: 100 };
    const first = pass({ attempts });
    expect(first.status.usage).toEqual(spent);
    const ended = { ...first.status, units: { ...first.status.units, ledger: "1f" } } as MediaJobStatus;
    const again = pass({
      job: mediaJob({ retryGeneration: 1 }, ended),
      attempts: [...attempts.slice(0, 2), succeeded({ attempt: 101 })],
    });
    expect(again.status.usage, "what was counted is not counted again").toMatchObject({ cpuSeconds: 13 });
  });

  test("each file of an output is listed, and one that was made again is listed once", () => {
    const file = (uri: string) => ({ source: "beach", output: "set", phase: "Succeeded" as const, uri });
    const outputs = [file("volume://media/set-320.webp"), file("volume://media/set-640.webp")];
    const job = mediaJob({}, { outputs: outputs.slice(0, 1) });
    expect(pass({ job, attempts: [succeeded({ result: result({ outputs }) })] }).status.outputs).toEqual(
      outputs,
    );
  });

  test("a retry that finds nothing to do leaves the time at which it ended", () => {
    const ended = pass({ attempts: [succeeded()] });
    const job = advanced(mediaJob({ retryGeneration: 1 }), ended);
    const { status } = pass({ job, nowMs: NOW_MS + 86_400_000 });
    expect(status).toMatchObject({ retryGeneration: 1, completionTime: ended.status.completionTime });
  });

  test("a second pass over a finished MediaJob changes nothing, also when its Jobs are gone", () => {
    const first = pass({ attempts: [succeeded()] });
    const job = advanced(mediaJob(), first);
    for (const attempts of [[succeeded()], []]) {
      const second = pass({ job, attempts, nowMs: NOW_MS + 60_000 });
      expect(second.status).toEqual(first.status);
      expect(second.actions).toEqual([]);
    }
  });

  test("what a finished MediaJob says is true of each later generation, its conditions included", () => {
    const done = advanced(mediaJob(), pass({ attempts: [succeeded()] }));
    const { status } = pass({ job: { ...done, metadata: { ...done.metadata, generation: 2 } } });
    const generations = (status.conditions ?? []).map(({ observedGeneration }) => observedGeneration);
    expect([status.observedGeneration, ...new Set(generations)]).toEqual([2, 2]);
    expect(status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(
      done.status?.conditions?.map(({ lastTransitionTime }) => lastTransitionTime),
    );
  });

  test("an input that is broken for good is not tried again", () => {
    const failure = { class: "input", reason: "SourceCorrupt", message: "beach ends early" } as const;
    const decision = pass({ attempts: [failed({ exitCode: 10, result: result({ failure }) })] });
    expect(starts(decision)).toEqual([]);
    expect(decision.status).toMatchObject({
      phase: "Failed",
      failures: [{ unit: "image-0", source: "beach", reason: "SourceCorrupt", attempt: 1 }],
      sources: { failed: 1, succeeded: 0 },
    });
    expect(conditions(decision)).toEqual(["Stalled", "Admitted", "Failed", "Planned"]);
  });

  const gone = { class: "input", reason: "SourceNotFound", message: "c is gone", source: "c" } as const;
  test.each<{ name: string; attempt: Parameters<typeof failed>[0]; told: string[] }>([
    {
      name: "what ended a unit is told before what failed in it",
      attempt: {
        result: result({
          failure: { class: "deadline", reason: "Stalled", message: "it stood still" },
          failures: [gone],
        }),
      },
      told: ["Stalled", "SourceNotFound c"],
    },
    {
      name: "of what ended a unit the operator knows more than a worker that was stopped",
      attempt: {
        deadlineExceeded: true,
        result: result({
          failure: { class: "disruption", reason: "Terminated", message: "stopped by SIGTERM" },
          failures: [gone],
        }),
      },
      told: ["DeadlineExceeded", "SourceNotFound c"],
    },
    {
      name: "what only sums up the failures of a unit is not told beside them",
      attempt: {
        result: result({ failure: { ...gone, message: "c is gone (and 1 more)" }, failures: [gone] }),
      },
      told: ["SourceNotFound c"],
    },
  ])("$name", ({ attempt, told }) => {
    const job = mediaJob({ sources: sources("a", "b", "c"), retry: { maxAttempts: 1 } });
    const { status } = pass({ job, attempts: [failed(attempt)] });
    expect(status.failures?.map(({ reason, source }) => [reason, source].join(" ").trim())).toEqual(told);
  });

  test("when some sources failed it is PartiallySucceeded", () => {
    const job = mediaJob({ outputs: [web], sources: sources("a", "b") });
    const failure = { class: "input", reason: "SourceNotFound", message: "no such file" } as const;
    const decision = pass({
      job,
      attempts: [
        succeeded({ unit: "video-0" }),
        failed({ unit: "video-1", result: result({ failure }) }),
        finalized(),
      ],
    });
    expect(decision.status).toMatchObject({
      phase: "PartiallySucceeded",
      sources: { total: 2, succeeded: 1, failed: 1, ledger: "1.1f" },
      units: { ledger: "1s1f1s" },
    });
  });

  test("a spec with a fault fails before anything starts, and names the field", () => {
    const outputs = [{ name: "thumb", image: { format: "webp" }, sources: ["nowhere"] }];
    const decision = pass({ job: mediaJob({ outputs }) });
    expect(decision.actions).toEqual([]);
    expect(decision.status).toMatchObject({
      phase: "Failed",
      conditions: [{ reason: "InvalidSpec" }, {}, {}, {}, {}, {}, {}],
    });
    expect(decision.status.conditions?.[0]?.message).toContain("spec.outputs[0].sources[0]");
  });

  test("FailFast stops what has not started", () => {
    const job = mediaJob({
      outputs: [web],
      sources: sources("a", "b", "c"),
      failurePolicy: { sources: "FailFast" },
      parallelism: 1,
    });
    const failure = { class: "input", reason: "SourceNotFound", message: "no such file" } as const;
    const attempts = [failed({ unit: "video-0", result: result({ failure }) })];
    expect(starts(pass({ job, attempts }))).toEqual(["finalize-a1"]);
    const decision = pass({ job, attempts: [...attempts, finalized()] });
    expect(decision.status).toMatchObject({ phase: "Failed", units: { failed: 1, cancelled: 2 } });
  });
});

test("a source that lacks an output has failed, whatever becomes of its other outputs", () => {
  const job = mediaJob({
    outputs: [web, { ...web, name: "mail" }],
    sources: sources("a", "b"),
    failurePolicy: { sources: "FailFast" },
    parallelism: 2,
  });
  const broken = failed({ unit: "video-2", exitCode: 10 });
  const stopped = pass({ job, attempts: [attempt({ unit: "video-0" }), broken] });
  expect(stopped.status.units?.ledger).toBe("1.1c1f1c1.");
  const meanwhile = pass({
    job: advanced(job, stopped),
    attempts: [attempt({ unit: "video-0" }), broken],
  });
  const made = pass({ job: advanced(job, meanwhile), attempts: [succeeded({ unit: "video-0" }), broken] });
  for (const { status } of [stopped, meanwhile, made])
    expect(status.sources).toMatchObject({ succeeded: 0, failed: 2 });
});

describe("retrying", () => {
  test("a transient failure is tried again after its delay", () => {
    const seen = { attempts: [failed()] };
    const waiting = pass(seen);
    expect(starts(waiting)).toEqual([]);
    expect(waiting.requeueAfterMs).toBeGreaterThan(2_000);
    const later = pass({ ...seen, nowMs: NOW_MS + (waiting.requeueAfterMs ?? 0) });
    expect(starts(later)).toEqual(["image-0-a2"]);
  });

  test("after maxAttempts the unit is given up", () => {
    const attempts = [1, 2, 3].map((n) => failed({ attempt: n }));
    expect(pass({ attempts, nowMs: NOW_MS + 1e6 }).status).toMatchObject({
      phase: "Failed",
      units: { failed: 1 },
    });
  });

  test("a disruption is tried again at once and never counts", () => {
    const disrupted = [1, 2, 3, 4, 5].map((n) => failed({ attempt: n, disrupted: true }));
    expect(starts(pass({ attempts: disrupted }))).toEqual(["image-0-a6"]);
  });

  test("out of memory is tried again with twice as much, or with what the worker asked for", () => {
    const memoryOf = (decision: Decision) =>
      decision.actions.flatMap((action) => (action.do === "StartAttempt" ? [action.placed.memoryBytes] : []));
    const oom = { exitCode: 137, oomKilled: true, memoryBytes: 2 ** 30 };
    expect(memoryOf(pass({ attempts: [failed(oom)] }))).toEqual([2 ** 31]);
    const failure = { class: "memory", reason: "MemoryLimitExceeded", message: "needs more" } as const;
    const asked = failed({ exitCode: 30, result: result({ failure, needs: { memoryBytes: 3 * 2 ** 30 } }) });
    expect(memoryOf(pass({ attempts: [asked] }))).toEqual([3 * 2 ** 30]);
    const evicted = failed({ attempt: 2, disrupted: true, memoryBytes: 2 ** 31 });
    expect(memoryOf(pass({ attempts: [failed(oom), evicted] })), "and is not forgotten").toEqual([2 ** 31]);
  });

  test("what attempts have shown of memory and scratch is not forgotten by a raised retryGeneration", () => {
    const asks = (attempts: ObservedAttempt[], inGeneration = 1) =>
      pass({
        job: mediaJob({ retryGeneration: inGeneration, retry: { maxAttempts: 5 } }),
        attempts,
        nowMs: NOW_MS + 3_600_000,
      }).actions.flatMap((action) => (action.do === "StartAttempt" ? [action.placed] : []));
    const oom = (attempt: number, mebi: number) =>
      failed({ attempt, exitCode: 137, oomKilled: true, memoryBytes: mebi * 2 ** 20 });
    expect(asks([oom(1, 334), oom(2, 668), oom(3, 1336)])).toMatchObject([{ memoryBytes: 2672 * 2 ** 20 }]);
    const atLimit = oom(1, 8192);
    expect(asks([atLimit]), "a person's retry runs").toMatchObject([{ memoryBytes: 8192 * 2 ** 20 }]);
    expect(asks([atLimit, oom(101, 8192)]), "once").toEqual([]);
    const full = failed({ exitCode: 31 });
    const [{ scratchBytes: planned } = { scratchBytes: Number.NaN }] = asks([], 0);
    expect(asks([full])).toMatchObject([{ scratchBytes: 2 * planned }]);
  });

  test("what a unit may grow to is whole bytes, also where a pool says a fraction", () => {
    const { pools } = configuration.parse({
      pools: [{ name: "default", perUnit: { memory: "1.1Gi", scratch: "1.3Gi" } }],
    });
    const oom = failed({ exitCode: 137, oomKilled: true, memoryBytes: 2 ** 30 });
    const seen = observation({ attempts: [oom] });
    expect(decide(seen, plan(seen.job.spec, pools)).actions).toMatchObject([
      { placed: { memoryBytes: Math.floor(1.1 * 2 ** 30), scratchLimitBytes: Math.floor(1.3 * 2 ** 30) } },
    ]);
  });

  test("a full disk is tried again with twice the scratch, up to what a unit may have in the pool", () => {
    const scratchOf = (decision: Decision) =>
      decision.actions.flatMap((action) =>
        action.do === "StartAttempt" ? [action.placed.scratchBytes] : [],
      );
    const failure = { class: "disk", reason: "DiskFull", message: "the disk is full" } as const;
    const full = (attempt: number) => failed({ attempt, exitCode: 31, result: result({ failure }) });
    const job = mediaJob({ retry: { maxAttempts: 4 } });
    const planned = scratchOf(pass({ job }))[0] ?? 0;
    expect(planned).toBeGreaterThan(0);
    const inAnHour = NOW_MS + 3_600_000;
    expect(scratchOf(pass({ job, attempts: [full(1), full(2)], nowMs: inAnHour }))).toEqual([4 * planned]);
    const small = configuration.parse({
      pools: [{ name: "default", perUnit: { scratch: String(planned + 1) } }],
    });
    const seen = observation({ job, attempts: [full(1)], nowMs: inAnHour });
    expect(scratchOf(decide(seen, plan(job.spec, small.pools)))).toEqual([planned + 1]);
  });

  test("what needs more memory than the pool gives a unit fails with the numbers", () => {
    const oom = failed({ exitCode: 137, oomKilled: true, memoryBytes: 8 * 2 ** 30 });
    const { status } = pass({ attempts: [oom] });
    expect(status).toMatchObject({ phase: "Failed", failures: [{ reason: "NoPoolFits" }] });
    expect(status.failures?.[0]?.message).toContain("8192Mi in pool default");
  });

  test("so does what needs more than its own spec allows, which is named", () => {
    const job = mediaJob({ resources: { maxMemory: "512Mi" } });
    const oom = failed({ exitCode: 137, oomKilled: true, memoryBytes: 512 * 2 ** 20 });
    expect(pass({ job, attempts: [oom] }).status.failures).toMatchObject([
      { message: "needs 1024Mi of memory or more; spec.resources.maxMemory lets a unit have 512Mi" },
    ]);
  });

  describe("of several sources one fails until the unit is given up", () => {
    const job = mediaJob({ sources: sources("a", "b", "c"), retry: { maxAttempts: 2 } });
    const inAnHour = NOW_MS + 3_600_000;
    const made = ["a", "b"].map((source) => ({
      ...{ source, output: "thumb", phase: "Succeeded" as const, uri: `volume://media/out/${source}.webp` },
    }));
    const left = (failure: Failure, needs?: { memoryBytes: number }) =>
      result({
        ...{ failure, failures: [failure], failedSources: [2], outputs: made },
        ...(needs && { needs }),
        counts: { succeeded: 2, skipped: 0, failed: 1 },
      });
    const broken: Failure = { class: "storage", reason: "StorageError", message: "c: EIO", source: "c" };
    const large: Failure = { class: "memory", reason: "MemoryLimitExceeded", message: "c", source: "c" };
    const needs = { memoryBytes: 9 * 2 ** 30 };

    test.each([
      {
        name: "it is out of attempts",
        attempts: [failed(), failed({ attempt: 2, exitCode: 21, result: left(broken) })],
        failure: { attempt: 2, class: "storage", reason: "StorageError", message: "c: EIO" },
      },
      {
        name: "the next attempt would need more memory than there is",
        attempts: [failed({ exitCode: 30, memoryBytes: 8 * 2 ** 30, result: left(large, needs) })],
        failure: {
          ...{ attempt: 1, class: "config", reason: "NoPoolFits" },
          message: "needs 9216Mi of memory or more; a unit may have 8192Mi in pool default",
        },
      },
    ])("since $name: the others' outputs stand, and it is told which failed", ({ attempts, failure }) => {
      const decision = pass({ job, attempts, nowMs: inAnHour });
      expect(decision.done, "what fails is not shown to be repaired").toBeUndefined();
      expect(decision.status).toMatchObject({
        phase: "PartiallySucceeded",
        units: { ledger: "1p" },
        sources: { total: 3, succeeded: 2, failed: 1, ledger: "2.1f" },
        outputs: made,
        failures: [{ unit: "image-0", source: "c", ...failure }],
        usage: { bytesOut: 100 },
      });
    });

    test("what ended the last attempt as a whole leaves unknown what of it was done", () => {
      const late: Failure = { class: "deadline", reason: "DeadlineExceeded", message: "took too long" };
      const attempts = [1, 2].map((attempt) =>
        failed({ attempt, exitCode: 32, result: { ...left(late), failures: [], failedSources: [] } }),
      );
      expect(pass({ job, attempts, nowMs: inAnHour }).status).toMatchObject({
        phase: "Failed",
        units: { ledger: "1f" },
        sources: { succeeded: 0, failed: 3 },
      });
    });
  });

  test("a raised retryGeneration runs the failed unit again and leaves the finished one", () => {
    const job = mediaJob({ outputs: [web], sources: sources("a", "b") });
    const failure = { class: "input", reason: "SourceNotFound", message: "no such file" } as const;
    const ended = pass({
      job,
      attempts: [
        succeeded({ unit: "video-0" }),
        failed({ unit: "video-1", result: result({ failure }) }),
        finalized(),
      ],
    });
    const raised = {
      ...mediaJob({ outputs: [web], sources: sources("a", "b"), retryGeneration: 1 }),
      status: ended.status,
    };

    const again = pass({ job: raised, attempts: [] });
    expect(starts(again)).toEqual(["video-1-a101"]);
    const done = pass({
      job: advanced(raised, again),
      attempts: [finalized(), succeeded({ unit: "video-1", attempt: 101 }), finalized({ attempt: 101 })],
    });
    expect(done.status).toMatchObject({
      phase: "Succeeded",
      units: { ledger: "3s" },
      sources: { succeeded: 2, failed: 0 },
    });
    expect(done.status.failures).toBeUndefined();
  });
});

describe("what a retry makes untrue is told no more", () => {
  const job = (spec: object = {}) => mediaJob({ outputs: [web], sources: sources("a", "b"), ...spec });
  const missing: Failure = { class: "input", reason: "SourceNotFound", message: "no such file" };
  const ended = pass({
    job: job(),
    attempts: [
      succeeded({ unit: "video-0", result: result({ warnings: [{ reason: "Odd", message: "odd" }] }) }),
      failed({ unit: "video-1", result: result({ failure: missing }) }),
      ...[1, 2, 3].map((each) => failed({ unit: "finalize", attempt: each })),
    ],
    nowMs: NOW_MS + 1e6,
  });
  const retried = advanced(job({ retryGeneration: 1 }), ended);
  const again = pass({ job: retried });

  test("a failure is not final while its unit runs again", () => {
    expect(ended.status.failures).toHaveLength(1);
    expect(again.status.failures).toBeUndefined();
  });

  test("nor is a warning that a unit failed which makes no output", () => {
    expect(ended.status.warnings?.map(({ reason }) => reason)).toEqual(["Odd", "WorkerCrashed"]);
    const done = pass({
      job: advanced(retried, again),
      attempts: [succeeded({ unit: "video-1", attempt: 101 }), finalized({ attempt: 101 })],
    });
    expect(done.status).toMatchObject({ phase: "Succeeded", warnings: [{ reason: "Odd" }] });
    expect(done.status.warnings).toHaveLength(1);
  });

  test("a warning that comes again is told once", () => {
    const warnings = [{ reason: "Odd", message: "odd" }];
    const spec = { sources: sources("a", "b") };
    const partly = {
      counts: { succeeded: 1, skipped: 0, failed: 1 },
      failures: [missing],
      failedSources: [1],
    };
    const first = pass({
      job: mediaJob(spec),
      attempts: [succeeded({ result: result({ ...partly, warnings }) })],
    });
    const second = pass({
      job: advanced(mediaJob({ ...spec, retryGeneration: 1 }), first),
      attempts: [succeeded({ attempt: 101, result: result({ warnings }) })],
    });
    expect(second.status).toMatchObject({ phase: "Succeeded", warnings });
    expect(second.status.warnings).toHaveLength(1);
  });
});

describe("recovery", () => {
  const lost = { exitCode: 143, disrupted: true, message: "node drained" };

  test("Manual holds lost work until a person raises retryGeneration", () => {
    const job = mediaJob({ recovery: "Manual" });
    const held = pass({ job, attempts: [failed(lost)] });
    expect(held.actions).toEqual([]);
    expect(held.status).toMatchObject({ phase: "RecoveryRequired", units: { pending: 1, ledger: "1h" } });
    expect(conditions(held)).toEqual(["Stalled", "Planned"]);
    const raised = { ...mediaJob({ recovery: "Manual", retryGeneration: 1 }), status: held.status };
    const again = pass({ job: raised, attempts: [failed(lost)] });
    expect(starts(again)).toEqual(["image-0-a101"]);
    expect(again.status.phase).toBe("Running");
  });

  test("what nodes refuse is tried again after a little while, never counted, and not lost", () => {
    const refusals = [1, 2, 3, 4].map((each) =>
      attempt({ attempt: each, state: "Failed", podReason: "OutOfcpu", endedAtMs: NOW_MS }),
    );
    for (const recovery of ["Automatic", "Manual"]) {
      const job = mediaJob({ recovery, retry: { maxAttempts: 2 } });
      const waiting = pass({ job, attempts: refusals });
      expect(starts(waiting)).toEqual([]);
      expect(waiting.status.queue?.reason).toBe("BackingOff");
      expect(starts(pass({ job, attempts: refusals, nowMs: NOW_MS + 20_000 }))).toEqual(["image-0-a5"]);
    }
  });

  test("Manual can be cancelled while it waits", () => {
    const job = mediaJob({ recovery: "Manual", cancel: true });
    expect(pass({ job, attempts: [failed(lost)] }).status).toMatchObject({
      phase: "Cancelled",
      units: { ledger: "1c" },
    });
  });

  test("failed attempts are listed, each once, with what is known of them", () => {
    const first = pass({ attempts: [failed({ ...lost, node: "node-1" })] });
    const attempts = [failed({ ...lost, node: "node-1" }), failed({ attempt: 2, endedAtMs: NOW_MS + 5000 })];
    const second = pass({ job: advanced(mediaJob(), first), attempts });
    expect(second.status.attempts).toEqual([
      {
        unit: "image-0",
        attempt: 1,
        class: "disruption",
        reason: "Evicted",
        message: "node drained",
        exitCode: 143,
        node: "node-1",
        endTime: "2026-01-01T12:00:00Z",
      },
      expect.objectContaining({ attempt: 2, class: "internal", endTime: "2026-01-01T12:00:05Z" }),
    ]);
  });
});

describe("accelerators", () => {
  const pools = configuration.parse({
    pools: [{ name: "cpu" }, { name: "gpu", gpuResource: "nvidia.com/gpu" }],
  }).pools;
  /** A plan whose unit gains from an accelerator, as one with a hardware encoder does. */
  const gpuPlan = (gpu: "Prefer" | "Require") => {
    const job = mediaJob({ placement: { gpu: "Require" } });
    const planned = plan(job.spec, pools);
    const onCpu = plan(mediaJob({ placement: { gpu: "Never" } }).spec, pools).units[0]?.placement;
    const units = planned.units.map((unit) => ({
      ...unit,
      ...(gpu === "Prefer" && onCpu && { withoutGpu: onCpu }),
    }));
    return { ...planned, units };
  };
  const broken = failed({ exitCode: 33, gpu: true, pool: "gpu" });
  const poolsOf = (gpu: "Prefer" | "Require", attempts: ObservedAttempt[], maxAttempts = 3) =>
    decide(
      observation({
        job: mediaJob({ retry: { maxAttempts } }),
        attempts,
        free: new Map([
          ["cpu", 1],
          ["gpu", 1],
        ]),
      }),
      gpuPlan(gpu),
    ).actions.flatMap((action) => (action.do === "StartAttempt" ? [action.placed.pool] : []));

  test.each([
    { name: "are used at first", gpu: "Prefer" as const, attempts: [], expected: ["gpu"] },
    {
      name: "that failed are done without at once, where they are only preferred",
      gpu: "Prefer" as const,
      attempts: [broken],
      expected: ["cpu"],
    },
    {
      name: "that failed are tried again, where they are required",
      gpu: "Require" as const,
      attempts: [broken],
      expected: ["gpu"],
    },
    {
      name: "that failed take none of the attempts without",
      gpu: "Prefer" as const,
      attempts: [broken],
      maxAttempts: 1,
      expected: ["cpu"],
    },
    {
      name: "that are required take one of them",
      gpu: "Require" as const,
      attempts: [broken],
      maxAttempts: 1,
      expected: [],
    },
    {
      name: "that failed leave no more attempts than there are",
      gpu: "Prefer" as const,
      attempts: [broken, failed({ attempt: 2 })],
      maxAttempts: 1,
      expected: [],
    },
  ])("$name", ({ gpu, attempts, maxAttempts, expected }) =>
    expect(poolsOf(gpu, attempts, maxAttempts)).toEqual(expected),
  );
});

describe("a MediaJob that Kueue has not admitted", () => {
  const job = mediaJob();
  job.metadata.labels = { "kueue.x-k8s.io/queue-name": "media" };

  test.each([
    { when: "its Jobs are made", attempts: [], started: 1 },
    { when: "they are suspended", attempts: [attempt({ suspended: true })], started: 0 },
  ])("is Queued once $when, and has no start time", ({ attempts, started }) => {
    const decision = pass({ job, attempts });
    expect(starts(decision)).toHaveLength(started);
    expect(decision.status).toMatchObject({
      phase: "Queued",
      conditions: [{ reason: "WaitingForKueue" }, {}, {}, {}, {}, {}, {}],
    });
    expect(decision.status.startTime).toBeUndefined();
  });

  test("runs once one is resumed", () => {
    const { status } = pass({ job, attempts: [attempt({})] });
    expect(status).toMatchObject({ phase: "Running", startTime: expect.any(String) });
  });

  describe("when it is suspended", () => {
    const two = { outputs: [web], sources: sources("a", "b") };
    const held = attempt({ unit: "video-0", suspended: true });

    test("takes its Jobs back, lest Kueue start them, and they count for nothing", () => {
      const suspended = mediaJob({ ...two, suspend: true });
      const back = pass({ job: suspended, attempts: [held] });
      expect(stops(back)).toEqual([held.name]);
      expect(back.status).toMatchObject({
        phase: "Suspended",
        queue: { reason: "Suspended", message: "spec.suspend is set" },
      });
      const going = pass({
        job: advanced(suspended, back),
        attempts: [{ ...held, state: "Ending", deleting: true }],
      });
      expect(going.actions).toEqual([]);
      expect(going.status.startTime).toBeUndefined();
      const resumed = pass({ job: advanced(mediaJob(two), going), attempts: [] });
      expect(starts(resumed)).toEqual(["video-0-a1", "video-1-a1"]);
      expect(resumed.status.attempts).toBeUndefined();
    });

    test("leaves alone what runs by then", () => {
      const attempts = [held, attempt({ unit: "video-1" })];
      const decision = pass({ job: mediaJob({ ...two, suspend: true }), attempts });
      expect(stops(decision)).toEqual([held.name]);
      expect(decision.status.conditions?.[0]?.message).toContain("1 running unit finishes");
    });
  });

  test("once it has begun, says how many of its units wait for Kueue, and counts none of them as running", () => {
    const three = mediaJob({ outputs: [web], sources: sources("a", "b", "c") });
    three.metadata.labels = job.metadata.labels;
    const said = (attempts: ObservedAttempt[]) => pass({ job: three, attempts }).status.conditions?.[0];
    const done = succeeded({ unit: "video-0" });
    const held = [1, 2].map((n) => attempt({ unit: `video-${n}`, suspended: true }));
    expect(said([done, ...held])).toMatchObject({
      reason: "WaitingForKueue",
      message: "2 units wait until Kueue admits them, 1 of 4 ended",
    });
    expect(said([done, attempt({ unit: "video-1" }), ...held.slice(1)])).toMatchObject({
      reason: "UnitsRunning",
      message: "1 unit runs, 1 unit waits until Kueue admits it, 1 of 4 ended",
    });
  });

  test("takes its Jobs back when another unit's failure ends all, but not what finalizes", () => {
    const several = mediaJob({
      ...{ outputs: [web], sources: sources("a", "b") },
      failurePolicy: { sources: "FailFast" },
    });
    const broken = failed({ unit: "video-0", exitCode: 10 });
    const held = attempt({ unit: "video-1", suspended: true });
    expect(stops(pass({ job: several, attempts: [broken, held] }))).toEqual([held.name]);
    const last = attempt({ unit: "finalize", suspended: true });
    expect(stops(pass({ job: several, attempts: [broken, last] }))).toEqual([]);
  });
});

test("what succeeds after retryGeneration was raised is not run again; what fails then is", () => {
  const job = mediaJob({ sources: sources("a", "b"), outputs: [web], retryGeneration: 1 });
  const decision = pass({
    job,
    attempts: [succeeded({ unit: "video-0" }), failed({ unit: "video-1" })],
  });
  expect(starts(decision)).toEqual(["video-1-a101"]);
  expect(decision.status.units).toMatchObject({ succeeded: 1, ledger: "1s2." });
});

describe("stopping", () => {
  test("cancel stops what runs, and is Cancelled when it is gone", () => {
    const job = mediaJob({ outputs: [web], sources: sources("a", "b"), cancel: true });
    const running = advanced(job, pass({ job: mediaJob({ outputs: [web], sources: sources("a", "b") }) }));
    const stopping = pass({
      job: running,
      attempts: [succeeded({ unit: "video-0" }), attempt({ unit: "video-1" })],
    });
    expect(stops(stopping)).toEqual(["holiday-video-1-a1"]);
    expect(stopping.status.phase).toBe("Running");
    const cleaning = pass({ job: advanced(job, stopping), attempts: [] });
    expect(starts(cleaning)).toEqual(["finalize-a1"]);
    expect(cleaning.status.phase).toBe("Running");
    const ended = pass({ job: advanced(job, cleaning), attempts: [finalized()] });
    expect(ended.status).toMatchObject({ phase: "Cancelled", units: { ledger: "1s1c1s" } });
  });

  test("a MediaJob past its deadline fails", () => {
    const job = mediaJob({ activeDeadlineSeconds: 60 });
    const running = advanced(job, pass({ job }));
    expect(pass({ job: running, attempts: [attempt()] }).requeueAfterMs).toBe(60_000);
    const late = pass({ job: running, attempts: [attempt()], nowMs: NOW_MS + 60_000 });
    expect(late.requeueAfterMs).toBeNull(); // the end of its attempt brings the next pass
    expect(stops(late)).toEqual(["holiday-image-0-a1"]);
    const ended = pass({ job: advanced(job, late), nowMs: NOW_MS + 61_000 });
    expect(ended.status).toMatchObject({
      phase: "Failed",
      conditions: [{ reason: "DeadlineExceeded" }, {}, {}, {}, {}, {}, {}],
    });
  });

  test("a MediaJob that is retried after its deadline has all of it again", () => {
    const first = mediaJob({ activeDeadlineSeconds: 60 });
    const [endMs, retryMs] = [NOW_MS + 60_000, NOW_MS + 3_600_000];
    const running = advanced(first, pass({ job: first }));
    const ended = advanced(first, pass({ job: running, nowMs: endMs }));
    expect(ended.status?.phase).toBe("Failed");
    const retried: MediaJob = { ...ended, spec: { ...ended.spec, retryGeneration: 1 } };
    const again = pass({ job: retried, nowMs: retryMs });
    expect(starts(again)).toEqual(["image-0-a101"]);
    const seen = { job: advanced(retried, again), attempts: [attempt({ attempt: 101 })] };
    const inTime = pass({ ...seen, nowMs: retryMs + 59_000 });
    expect([stops(inTime), inTime.requeueAfterMs]).toEqual([[], 1_000]);
    expect(stops(pass({ ...seen, nowMs: retryMs + 60_000 }))).toEqual(["holiday-image-0-a101"]);
  });

  test("a finished MediaJob is deleted when its time to live is over", () => {
    const job = mediaJob({ ttlSecondsAfterFinished: 10 });
    const ending = pass({ job, attempts: [succeeded()] });
    expect(ending.requeueAfterMs).toBe(10_000); // its own last write brings no other pass
    const done = advanced(job, ending);
    expect(pass({ job: done }).requeueAfterMs).toBe(10_000);
    expect(pass({ job: done, nowMs: NOW_MS + 10_000 }).actions).toEqual([{ do: "DeleteMediaJob" }]);
  });

  test.each([
    { name: "on its way", delivery: undefined, actions: [] },
    { name: "delivered", delivery: { delivered: true }, actions: [{ do: "DeleteMediaJob" }] },
    { name: "given up", delivery: { delivered: false }, actions: [{ do: "DeleteMediaJob" }] },
    {
      name: "for an endpoint that is gone",
      delivery: { goneUrl: "https://example.com/ends" },
      actions: [{ do: "DeleteMediaJob" }],
    },
  ])("one whose time to live is over, its last event $name, does: $actions", ({ delivery, actions }) => {
    const url = "https://example.com/ends";
    const webhooks = [{ name: "ends", url, secretRef: { name: "s" }, events: ["job.completed"] }];
    const job = mediaJob({ ttlSecondsAfterFinished: 0, webhooks });
    const done = advanced(job, pass({ job, attempts: [succeeded()] }));
    const id = done.status?.webhooks?.[0]?.pending[0]?.id ?? "";
    const deliveries = delivery ? [{ webhook: "ends", id, ...delivery }] : [];
    const decision = pass({ job: done, deliveries, nowMs: NOW_MS + 1 });
    expect(decision.actions).toEqual(actions);
    expect(decision.requeueAfterMs).toBe(actions.length > 0 ? null : 600_000);
  });
});

describe("progress", () => {
  const report = (fraction: number, of = 1) =>
    new Map([["image-0", { attempt: of, fraction, stage: "encode" }]]);

  test("follows what the worker reports", () => {
    const { status } = pass({ attempts: [attempt()], progress: report(0.25) });
    expect(status.progress).toMatchObject({ percent: 25, display: "25%", stage: "encode" });
  });

  test("never falls when a unit starts over", () => {
    const first = pass({ attempts: [attempt()], progress: report(0.8) });
    const again = pass({
      job: advanced(mediaJob(), first),
      attempts: [failed(), attempt({ attempt: 2 })],
      progress: report(0.1, 2),
    });
    expect(again.status.progress?.percent).toBe(80);
  });

  test("of a retry is that of its own run, and is told", () => {
    const hook = { name: "all", url: "https://example.com/all", secretRef: { name: "s" }, progressStep: 10 };
    const two = {
      ...{ outputs: [web], sources: sources("a", "b") },
      webhooks: [{ ...hook, events: ["job.progress"] }],
    };
    const broken = failed({ unit: "video-1", exitCode: 10 });
    const ended = pass({
      job: mediaJob(two),
      attempts: [succeeded({ unit: "video-0" }), broken, finalized()],
    });
    expect(ended.status).toMatchObject({ phase: "PartiallySucceeded", progress: { percent: 100 } });
    const retried = mediaJob({ ...two, retryGeneration: 1 });
    const again = pass({ job: advanced(retried, ended) });
    const percent = again.status.progress?.percent ?? Number.NaN;
    expect(percent).toBeGreaterThan(0);
    expect(percent).toBeLessThan(90);
    const later = pass({
      job: advanced(retried, again),
      attempts: [attempt({ unit: "video-1", attempt: 101 })],
      progress: new Map([["video-1", { attempt: 101, fraction: 0.9, stage: "encode" }]]),
    });
    expect(later.status.progress?.percent).toBeGreaterThan(percent);
    expect(later.status.webhooks?.[0]?.pending.map(({ type }) => type)).toEqual(["job.progress"]);
  });

  test("the remaining time follows the pace of the time in which it ran", () => {
    const begun = { startTime: "2026-01-01T07:00:00Z", phase: "Running" as const };
    const at = (time: string, to: Transition["to"]) => ({ time, to, reason: "BecauseOfTests" });
    const history = [
      at("2026-01-01T07:00:00Z", "Running"),
      at("2026-01-01T07:01:00Z", "Suspended"),
      at("2026-01-01T11:59:30Z", "Running"),
    ];
    const job = mediaJob({}, { ...begun, history });
    const { status } = pass({ job, attempts: [attempt()], progress: report(0.6) });
    expect(status.progress).toMatchObject({ percent: 60, etaSeconds: 60 });
  });

  test.each([
    { name: "cancelled", phase: "Cancelled", last: { job: mediaJob({ cancel: true }), attempts: [] } },
    { name: "failed", phase: "Failed", last: { attempts: [failed({ exitCode: 10 })] } },
  ])("of what is $name stays where it was", ({ phase, last }) => {
    const before = pass({ attempts: [attempt()], progress: report(0.4) });
    const job = advanced(last.job ?? mediaJob(), before);
    const { status } = pass({ ...last, job });
    expect(status).toMatchObject({ phase, progress: { percent: 40, display: "40%" } });
    expect(status.progress).not.toHaveProperty("etaSeconds");
  });

  test("of an earlier attempt counts for nothing, nor does its stage", () => {
    const attempts: ObservedAttempt[] = [failed(), attempt({ attempt: 2 })];
    expect(pass({ attempts, progress: report(0.9, 1) }).status.progress).toEqual({
      percent: 0,
      display: "0%",
    });
  });

  test.each([
    { phase: "Suspended", spec: { suspend: true }, last: failed() },
    { phase: "RecoveryRequired", spec: { recovery: "Manual" }, last: failed({ disrupted: true }) },
  ])("has no remaining time while it is $phase: nobody knows when it goes on", ({ phase, spec, last }) => {
    const begun = advanced(mediaJob(spec), pass({ attempts: [attempt()] }));
    const seen = { progress: report(0.5), nowMs: NOW_MS + 60_000 };
    const running = pass({ ...seen, job: { ...mediaJob(), status: begun.status }, attempts: [attempt()] });
    expect(running.status.progress).toHaveProperty("etaSeconds");
    const { status } = pass({ ...seen, job: { ...begun, status: running.status }, attempts: [last] });
    expect(status).toMatchObject({ phase, progress: { percent: 50 } });
    expect(status.progress).not.toHaveProperty("etaSeconds");
  });
});

describe("webhooks", () => {
  const webhooks = [
    { name: "all", url: "https://example.com/all", secretRef: { name: "s" } },
    { name: "ends", url: "https://example.com/ends", secretRef: { name: "s" }, events: ["job.completed"] },
  ];
  const job = mediaJob({ webhooks });

  const pending = (status: Decision["status"]) =>
    (status.webhooks ?? []).map(({ name, pending }) => [
      name,
      ...pending.map(({ type, sequence }) => `${sequence} ${type}`),
    ]);

  test("each transition is put into the outbox once, for those who want it", () => {
    const started = pass({ job });
    const same = pass({ job: advanced(job, started), attempts: [attempt()] });
    const ended = pass({ job: advanced(job, same), attempts: [succeeded()] });
    expect(pending(started.status)).toEqual([["all", "1 job.started"], ["ends"]]);
    expect(pending(same.status)).toEqual(pending(started.status));
    expect(pending(ended.status)).toEqual([
      ["all", "1 job.started", "2 job.completed"],
      ["ends", "2 job.completed"],
    ]);
  });

  test("a delivered event leaves the outbox, one that was given up is counted", () => {
    const started = pass({ job });
    const id = started.status.webhooks?.[0]?.pending[0]?.id ?? "";
    const seen = { job: advanced(job, started), attempts: [attempt()] };
    expect(
      pass({ ...seen, deliveries: [{ webhook: "all", id, delivered: true }] }).status.webhooks?.[0],
    ).toEqual({
      name: "all",
      pending: [],
      delivered: 1,
      deadLetters: 0,
    });
    const lost = pass({ ...seen, deliveries: [{ webhook: "all", id, delivered: false, error: "410 Gone" }] });
    expect(lost.status.webhooks?.[0]).toMatchObject({ pending: [], deadLetters: 1, lastError: "410 Gone" });
  });

  test("an acknowledgement that comes twice takes nothing else out", () => {
    const started = pass({ job });
    const id = started.status.webhooks?.[0]?.pending[0]?.id ?? "";
    const deliveries = [{ webhook: "all", id, delivered: true }];
    const once = pass({ job: advanced(job, started), attempts: [succeeded()], deliveries });
    const twice = pass({ job: advanced(job, once), deliveries });
    expect(twice.status.webhooks?.[0]).toMatchObject({ delivered: 1, pending: [{ type: "job.completed" }] });
  });
});
