import { describe, expect, test } from "vitest";
import { failed, mediaJob, NOW_MS, observation, result } from "../../../test/builders/core.ts";
import { pass } from "../../../test/builders/passes.ts";
import { configuration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import type { ObservedAttempt } from "./attempt.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { DEFAULT_POLICY } from "./policy.ts";

describe("after a failure", () => {
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

  describe("that was for want of memory, and its pool gives no more", () => {
    const { pools } = configuration.parse({
      pools: [
        { name: "small", perUnit: { memory: "2Gi" } },
        { name: "huge", perUnit: { memory: "64Gi" }, costWeight: 9 },
        { name: "large", perUnit: { memory: "6Gi" }, costWeight: 2 },
      ],
    });
    const failure = { class: "memory", reason: "MemoryLimitExceeded", message: "needs more" } as const;
    const asked = (mebi: number, had = 512) =>
      failed({
        ...{ exitCode: 30, memoryBytes: had * 2 ** 20 },
        result: result({ failure, needs: { memoryBytes: mebi * 2 ** 20 } }),
      });
    const killed = (mebi: number, attempt = 1) =>
      failed({ attempt, exitCode: 137, oomKilled: true, memoryBytes: mebi * 2 ** 20 });
    const free = new Map(pools.map(({ name }) => [name, 1] as const));
    const decided = (attempts: ObservedAttempt[], spec: Record<string, unknown> = {}) => {
      const seen = observation({ job: mediaJob(spec), attempts, free });
      return decide(seen, plan(seen.job.spec, pools), { ...DEFAULT_POLICY, pools });
    };

    test.each([
      { name: "what its pool gives is enough", attempts: [asked(2048)], expected: ["small", 2048] },
      { name: "another gives what it asks for", attempts: [asked(3000)], expected: ["large", 3000] },
      { name: "only the dearest does", attempts: [asked(6145)], expected: ["huge", 6145] },
      {
        name: "it was killed with less than its pool gives",
        attempts: [killed(1536)],
        expected: ["small", 2048],
      },
      { name: "it was killed with all of it", attempts: [killed(2048)], expected: ["large", 4096] },
      {
        name: "it was killed with nearly all that another gives",
        attempts: [killed(2048), killed(5000, 2)],
        expected: ["huge", 10_000],
      },
    ])("goes where there is enough: $name", ({ attempts, expected }) => {
      const placed = decided(attempts).actions.flatMap((action) =>
        action.do === "StartAttempt" ? [action.placed.pool, action.placed.memoryBytes / 2 ** 20] : [],
      );
      expect(placed).toEqual(expected);
    });

    test.each([
      { pool: "small", message: "in pool small, and no other that it may use gives it enough" },
      { maxMemory: "2Gi", message: "spec.resources.maxMemory lets a unit have 2048Mi" },
    ])("stays where the spec keeps it: $message", ({ pool, maxMemory, message }) => {
      const spec = { ...(pool && { placement: { pool } }), ...(maxMemory && { resources: { maxMemory } }) };
      const { status, actions } = decided([killed(2048)], spec);
      expect(actions).toEqual([]);
      expect(status.failures?.[0]).toMatchObject({ reason: "NoPoolFits" });
      expect(status.failures?.[0]?.message).toMatch(/^needs more than 2048Mi of memory; /);
      expect(status.failures?.[0]?.message).toContain(message);
    });

    test("fails at once where none gives what it says it needs", () => {
      expect(decided([asked(70_000)]).status.failures?.[0]?.message).toMatch(/^needs 70000Mi of memory; /);
    });

    test("gets what a multiplier of estimates makes of none", () => {
      const { actions } = decided([asked(3000)], { resources: { memoryMultiplier: 2 } });
      expect(actions).toMatchObject([{ placed: { pool: "large", memoryBytes: 3000 * 2 ** 20 } }]);
    });
  });

  test("so does what needs more than its own spec allows, which is named", () => {
    const job = mediaJob({ resources: { maxMemory: "512Mi" } });
    const oom = failed({ exitCode: 137, oomKilled: true, memoryBytes: 512 * 2 ** 20 });
    expect(pass({ job, attempts: [oom] }).status.failures).toMatchObject([
      { message: "needs more than 512Mi of memory; spec.resources.maxMemory lets a unit have 512Mi" },
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
