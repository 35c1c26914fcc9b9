import { expect, test } from "vitest";
import { attempt, failed, mediaJob, NOW_MS, observation, web } from "../../../test/builders/core.ts";
import { configuration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import type { ObservedAttempt } from "./attempt.ts";
import { decide } from "./decide.ts";
import type { Decision, Observation } from "./decision.ts";

/** What becomes of a unit that would rather have an accelerator, and finds no room for it. */
const { pools } = configuration.parse({
  pools: [{ name: "cpu" }, { name: "gpu", gpuResource: "nvidia.com/gpu" }],
});
const job = mediaJob();
const planWith = ({ mayDoWithout }: { mayDoWithout: boolean }) => {
  const made = plan(mediaJob({ placement: { gpu: "Require" } }).spec, pools);
  const onCpu = plan(mediaJob({ placement: { gpu: "Never" } }).spec, pools).units[0]?.placement;
  return {
    ...made,
    units: made.units.map((unit) => ({ ...unit, ...(mayDoWithout && onCpu && { withoutGpu: onCpu }) })),
  };
};
const pass = (fields: Partial<Observation>, { mayDoWithout = true } = {}): Decision =>
  decide(observation({ job, ...fields }), planWith({ mayDoWithout }));
const poolsOf = ({ actions }: Decision) =>
  actions.flatMap((action) => (action.do === "StartAttempt" ? [action.placed.pool] : []));
const room = (cpu: number, gpu: number) =>
  new Map([
    ["cpu", cpu],
    ["gpu", gpu],
  ]);
const waitedFor = (seconds: number) => new Map([["gpu", NOW_MS - seconds * 1000]]);

test("it waits for the accelerators' pool at first, and says so", () => {
  const decision = pass({ free: room(1, 0) });
  expect(poolsOf(decision)).toEqual([]);
  expect(decision.status.queue).toMatchObject({ reason: "PoolFull" });
  expect(decision.requeueAfterMs).toBe(120_000);
});

test("it runs without one when the wait has lasted too long; an Event and a warning tell why", () => {
  const decision = pass({ free: room(1, 0), waitingSinceMs: waitedFor(121) });
  expect(poolsOf(decision)).toEqual(["cpu"]);
  const message = "unit image-0: pool gpu has had no room for 121 s: runs without an accelerator in pool cpu";
  expect(decision.announcements).toContainEqual({ type: "Warning", reason: "RunsWithoutGpu", message });
  expect(decision.status.warnings).toEqual([{ reason: "RunsWithoutGpu", message }]);
});

test("it takes the accelerator all the same when there is room by then", () => {
  expect(poolsOf(pass({ free: room(1, 1), waitingSinceMs: waitedFor(121) }))).toEqual(["gpu"]);
});

const killed = (mebi: number) =>
  failed({ gpu: true, pool: "gpu", exitCode: 137, oomKilled: true, memoryBytes: mebi * 2 ** 20 });

test("it takes along what attempts with an accelerator have shown of its memory", () => {
  const { actions } = pass({ attempts: [killed(1018)], free: room(1, 0), waitingSinceMs: waitedFor(121) });
  expect(actions).toMatchObject([{ placed: { pool: "cpu", memoryBytes: 2036 * 2 ** 20 } }]);
});

test("it goes on waiting where the pool without accelerators has too little memory for it by now", () => {
  const [cpu, gpu] = configuration.parse({
    pools: [
      { name: "cpu", perUnit: { memory: "1Gi" } },
      { name: "gpu", gpuResource: "nvidia.com/gpu" },
    ],
  }).pools;
  const required = plan(mediaJob({ placement: { gpu: "Require" } }).spec, gpu ? [gpu] : []);
  const onCpu = plan(mediaJob({ placement: { gpu: "Never" } }).spec, cpu ? [cpu] : []).units[0]?.placement;
  if (!onCpu) throw new Error("it has no place without an accelerator");
  const units = required.units.map((unit) => ({ ...unit, withoutGpu: onCpu }));
  const seen = { job, attempts: [killed(1024)], free: room(1, 0), waitingSinceMs: waitedFor(121) };
  const decision = decide(observation(seen), { ...required, units });
  expect([decision.actions, [...decision.waitingFor.keys()]]).toEqual([[], ["gpu"]]);
  expect(decision.requeueAfterMs, "nothing but room can help").toBeNull();
});

test("it waits for either when neither has room", () => {
  const decision = pass({ free: room(0, 0), waitingSinceMs: waitedFor(121) });
  expect([...decision.waitingFor.keys()]).toEqual(["gpu", "cpu"]);
});

test("what must have an accelerator waits for it", () => {
  const decision = pass({ free: room(1, 0), waitingSinceMs: waitedFor(9999) }, { mayDoWithout: false });
  expect(poolsOf(decision)).toEqual([]);
});

const unschedulable = (
  seconds: number,
  reason = "Unschedulable",
  message = "0/3 nodes: Insufficient nvidia.com/gpu",
): ObservedAttempt =>
  attempt({ gpu: true, pool: "gpu", waiting: { reason, message, sinceMs: NOW_MS - seconds * 1000 } });
const quotaOf = (resource: string) =>
  `pods "x" is forbidden: exceeded quota: few, requested: ${resource}=1, used: ${resource}=1, limited: ${resource}=1`;

test.each([
  { name: "an attempt that no node takes is given time", waits: unschedulable(119), expected: [] },
  {
    name: "then it is given up for another device",
    waits: unschedulable(120),
    expected: ["HardwareUnavailable"],
  },
  {
    name: "so is one for which a quota of accelerators has no room",
    waits: unschedulable(120, "FailedCreate", quotaOf("requests.nvidia.com/gpu")),
    expected: ["HardwareUnavailable"],
  },
  {
    name: "a quota of pods has room for it on no device",
    waits: unschedulable(120, "FailedCreate", quotaOf("pods")),
    expected: [],
  },
  {
    name: "an image that cannot be pulled is not the accelerator's fault",
    waits: unschedulable(120, "ImagePullBackOff"),
    expected: [],
  },
])("$name", ({ waits, expected }) => {
  const { actions } = pass({ attempts: [waits], free: room(1, 1) });
  expect(actions.flatMap((action) => (action.do === "FailAttempt" ? [action.reason] : []))).toEqual(expected);
});

test("after it was given up it runs on the CPU; the attempts and an Event tell why", () => {
  const given = failed({
    gpu: true,
    pool: "gpu",
    failedBecause: "did not start within 120 s",
    failedReason: "HardwareUnavailable",
  });
  const decision = pass({ attempts: [given], free: room(1, 1) });
  expect(poolsOf(decision)).toEqual(["cpu"]);
  expect(decision.status.attempts).toMatchObject([{ class: "hardware", reason: "HardwareUnavailable" }]);
  expect(decision.announcements).toContainEqual({
    type: "Warning",
    reason: "RunsWithoutGpu",
    message: "unit image-0: did not start within 120 s; runs without an accelerator",
  });
});

test("units of two pools share the cap over both", () => {
  const spec = { outputs: [web, { ...web, name: "again" }] };
  const both = mediaJob(spec);
  const planned = plan(both.spec, pools);
  const [first, second, ...rest] = planned.units;
  const onGpu = plan(mediaJob({ ...spec, placement: { gpu: "Require" } }).spec, pools).units[1]?.placement;
  if (!first || !second || !onGpu) throw new Error("there are no two units");
  const apart = { ...planned, units: [first, { ...second, placement: onGpu }, ...rest] };
  const starts = (freeInAll: number) =>
    poolsOf(decide(observation({ job: both, free: room(1, 1), freeInAll }), apart));
  expect(starts(2)).toEqual(["cpu", "gpu"]);
  expect(starts(1)).toEqual(["cpu"]);
});
