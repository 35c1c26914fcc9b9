import { expect, test } from "vitest";
import { attempt, mediaJob, NOW_MS, observation } from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import type { ObservedAttempt } from "./attempt.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { DEFAULT_POLICY } from "./policy.ts";

const { startGraceMs, startDeadlineMs, unreachableNodeMs } = DEFAULT_POLICY;

/** What is decided about a job with this attempt, some time after its trouble began. */
function after(ms: number, fields: Partial<ObservedAttempt>): Decision {
  const job = mediaJob();
  const seen = observation({ job, attempts: [attempt(fields)], nowMs: NOW_MS + ms });
  return decide(seen, plan(job.spec, defaultConfiguration().pools));
}

const actions = ({ actions }: Decision) => actions.map((action) => action.do);
const stalled = ({ status }: Decision) => status.conditions?.find(({ type }) => type === "Stalled");

const unschedulable = {
  waiting: {
    reason: "Unschedulable",
    message: '0/2 nodes: persistentvolumeclaim "media" not found',
    sinceMs: NOW_MS,
  },
};

test("what starts is looked at again after a while: a Job that can make no pod changes in nothing", () => {
  const job = mediaJob();
  const decision = decide(observation({ job }), plan(job.spec, defaultConfiguration().pools));
  expect(actions(decision)).toEqual(["StartAttempt"]);
  expect(decision.requeueAfterMs).toBe(startGraceMs);
});

test("a pod that cannot start is nothing to speak of at first, and looked at again when it would be", () => {
  const decision = after(1_000, unschedulable);
  expect(stalled(decision)?.status).toBe("False");
  expect(decision.requeueAfterMs).toBe(startGraceMs - 1_000);
});

test("then the MediaJob is Stalled, in the cluster's own words, and still Running", () => {
  const decision = after(startGraceMs, unschedulable);
  expect(stalled(decision)).toMatchObject({
    status: "True",
    reason: "Unschedulable",
    message: expect.stringContaining('persistentvolumeclaim "media" not found'),
  });
  expect(decision.status.phase).toBe("Running");
  expect(actions(decision)).toEqual([]);
});

test("and in the end the attempt fails and counts, with the reason", () => {
  const decision = after(startDeadlineMs, unschedulable);
  expect(decision.actions).toMatchObject([
    { do: "FailAttempt", because: expect.stringContaining("did not start within 600 s: Unschedulable") },
  ]);
  const failed = after(startDeadlineMs + 1_000, {
    state: "Failed",
    deadlineExceeded: true,
    failedBecause: "did not start within 600 s: Unschedulable: …",
    endedAtMs: NOW_MS + startDeadlineMs,
  });
  expect(actions(failed)).toEqual([]);
  expect(failed.requeueAfterMs).toBeGreaterThan(0);
});

// kube-scheduler 1.34 says so.
const NO_ROOM = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).";
const NOT_HELPFUL =
  "no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
const NO_VICTIMS =
  "no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.";
test.each([
  { name: "what else runs leaves no room", message: `${NO_ROOM} ${NO_VICTIMS}`, reason: "NotScheduled" },
  {
    name: "a node has as many pods as it takes",
    message: `0/1 nodes are available: 1 Too many pods. ${NO_VICTIMS}`,
    reason: "NotScheduled",
  },
  {
    name: "nothing may be asked to give way",
    message: `${NO_ROOM} preemption: not eligible due to preemptionPolicy=Never.`,
    reason: "NotScheduled",
  },
  { name: "no node is as large", message: `${NO_ROOM} ${NOT_HELPFUL}`, reason: "PodNotStarted" },
  {
    name: "no node is of the pool",
    message: `0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. ${NOT_HELPFUL}`,
    reason: "PodNotStarted",
  },
])("an attempt that no node takes, since $name, ends as $reason", ({ message, reason }) => {
  const waiting = { ...unschedulable.waiting, message };
  expect(after(startDeadlineMs - 1, { waiting }).actions).toEqual([]);
  expect(after(startDeadlineMs, { waiting }).actions).toMatchObject([{ do: "FailAttempt", reason }]);
});

test.each([
  { name: "others have used up", used: "4", limited: "4", reason: "QuotaExceeded" },
  { name: "allows none", used: "0", limited: "0", reason: "PodNotStarted" },
])(
  "an attempt for which a quota that $name lets no pod be made ends as $reason",
  ({ used, limited, reason }) => {
    const message = `pods "x" is forbidden: exceeded quota: little, requested: pods=1, used: pods=${used}, limited: pods=${limited}`;
    const waiting = { reason: "FailedCreate", message, sinceMs: NOW_MS };
    expect(stalled(after(startGraceMs, { waiting }))).toMatchObject({
      reason: "FailedCreate",
      message: expect.stringContaining(message),
    });
    expect(after(startDeadlineMs - 1, { waiting }).actions).toEqual([]);
    expect(after(startDeadlineMs, { waiting }).actions).toMatchObject([{ do: "FailAttempt", reason }]);
  },
);

const crowdedOut = { waiting: { ...unschedulable.waiting, message: `${NO_ROOM} ${NO_VICTIMS}` } };
const notScheduled = attempt({ state: "Failed", failedBecause: "no room", failedReason: "NotScheduled" });
test.each([
  { name: "after the one before found none", before: [notScheduled], now: crowdedOut, crowded: ["default"] },
  { name: "the first time", before: [], now: crowdedOut, crowded: [] },
  {
    name: "after one that failed otherwise",
    before: [attempt({ state: "Failed", exitCode: 70 })],
    now: crowdedOut,
    crowded: [],
  },
  { name: "but waits for a claim", before: [notScheduled], now: unschedulable, crowded: [] },
])("of an attempt that finds no room $name these pools are crowded: $crowded", ({ before, now, crowded }) => {
  const job = mediaJob();
  const seen = observation({ job, attempts: [...before, attempt({ attempt: 2, ...now })] });
  const { crowdedPools } = decide(seen, plan(job.spec, defaultConfiguration().pools));
  expect([...crowdedPools]).toEqual(crowded);
});

test("an attempt that runs is in no trouble", () => {
  expect(stalled(after(startDeadlineMs * 10, {}))?.status).toBe("False");
});

const unreachable = { unreachable: { node: "node-0", sinceMs: NOW_MS }, node: "node-0" };

test("an attempt on a node that stopped answering is waited for", () => {
  const decision = after(unreachableNodeMs - 1, unreachable);
  expect(actions(decision)).toEqual([]);
  expect(decision.requeueAfterMs).toBe(1);
});

test("then it is lost: the next one starts at once, and the lost one is to be gone when its node comes back", () => {
  expect(actions(after(unreachableNodeMs, unreachable))).toEqual(["StopAttempt", "StartAttempt"]);
  expect(actions(after(unreachableNodeMs, { ...unreachable, deleting: true, state: "Ending" }))).toEqual([
    "StartAttempt",
  ]);
});

test("the unit waits for no lost attempt, however many are lost", () => {
  const job = mediaJob();
  const attempts = [1, 2].map((n) =>
    attempt({ ...unreachable, attempt: n, deleting: true, state: "Ending" }),
  );
  const seen = observation({
    job,
    attempts: [...attempts, attempt({ attempt: 3 })],
    nowMs: NOW_MS + unreachableNodeMs,
  });
  expect(actions(decide(seen, plan(job.spec, defaultConfiguration().pools)))).toEqual([]);
});

test("a pause for what fails for many is told as Stalled, too; one for another MediaJob is not", () => {
  const job = mediaJob();
  const paused = (reason: string) => {
    const pause = {
      reason,
      message: "3 attempts failed lately",
      starts: 0 as const,
      untilMs: NOW_MS + 60_000,
    };
    return decide(observation({ job, pauses: [pause] }), plan(job.spec, defaultConfiguration().pools));
  };
  expect(stalled(paused("CircuitOpen"))).toMatchObject({ status: "True", reason: "CircuitOpen" });
  expect(paused("CircuitOpen").status.queue?.reason).toBe("CircuitOpen");
  expect(stalled(paused("OutputConflict"))?.status).toBe("False");
});
