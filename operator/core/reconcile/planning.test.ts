import { describe, expect, test } from "vitest";
import type { MediaJob } from "../../../crds/media-job.ts";
import {
  attempt,
  film,
  mediaJob,
  observation,
  result,
  sources,
  succeeded,
  thumb,
} from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { grow, plan } from "../plan/plan.ts";
import { decide } from "./decide.ts";
import type { Decision, Observation } from "./decision.ts";
import { growthOf } from "./growth.ts";

const { pools } = defaultConfiguration();
const hook = { name: "all", url: "https://example.com/all", secretRef: { name: "s" } };

/** Two films, which are probed before the work on them is planned. */
const films = (spec: object = {}, status?: MediaJob["status"]): MediaJob =>
  mediaJob({ outputs: [film], sources: sources("a", "b"), webhooks: [hook], ...spec }, status);

/** A pass as a shell makes it: the plan grows as soon as it can. */
function pass(seen: Partial<Observation>): Decision {
  const observed = observation({ job: films(), ...seen });
  const first = plan(observed.job.spec, pools);
  const growth = growthOf(first, observed);
  return decide(observed, growth ? grow(first, growth, { spec: observed.job.spec, pools }) : first);
}

const probing = attempt({ unit: "probe-0" });
const probed = succeeded({
  unit: "probe-0",
  result: result({
    ...{ unit: "probe-0", outputs: [], counts: { succeeded: 0, skipped: 0, failed: 0 } },
    facts: [7, 9].map((seconds) => [seconds, 640, 360, 25, 1, 1000]),
  }),
});
const next = (job: MediaJob, { status }: Decision): MediaJob => ({ ...job, status });
const told = ({ status }: Decision) => (status.webhooks?.[0]?.pending ?? []).map(({ type }) => type);
const condition = ({ status }: Decision, wanted: string) =>
  status.conditions?.find(({ type }) => type === wanted);

test("it is Planning while its sources are probed, then Running, and told to have started only then", () => {
  const planning = pass({});
  expect(planning.status).toMatchObject({ phase: "Planning", startTime: expect.any(String) });
  expect(condition(planning, "Ready")).toMatchObject({
    reason: "ProbingSources",
    message: "its work is planned once its sources are probed: 1 unit runs, 0 of 1 ended",
  });
  expect(condition(planning, "Planned")?.status).toBe("False");
  expect(condition(planning, "Admitted")?.status).toBe("True");
  const running = pass({ job: next(films(), planning), attempts: [probed] });
  expect(running.status.history?.map(({ to, reason }) => [to, reason])).toEqual([
    ["Planning", "ProbingSources"],
    ["Running", "UnitsRunning"],
  ]);
  expect(condition(running, "Planned")).toMatchObject({ status: "True", message: "4 units from 2 sources" });
  expect([told(planning), told(running)]).toEqual([[], ["job.started"]]);
});

test("what makes outputs beside its probes is Running", () => {
  const job = mediaJob({ outputs: [thumb, film], sources: sources("a", "b") });
  expect(pass({ job }).status.phase).toBe("Running");
});

test("without room for its probes it is Queued", () => {
  expect(pass({ free: new Map([["default", 0]]) }).status.phase).toBe("Queued");
});

describe("one that is Planning", () => {
  const planning = pass({}).status;

  test("goes on with that after a suspension", () => {
    const suspended = pass({ job: films({ suspend: true }, planning), attempts: [probing] });
    expect(suspended.status.phase).toBe("Suspended");
    const resumed = pass({ job: next(films(), suspended), attempts: [probing] });
    expect(resumed.status).toMatchObject({ phase: "Planning", history: [{}, {}, { reason: "Resumed" }] });
    expect(told(resumed)).toEqual(["job.suspended", "job.resumed"]);
  });

  test("and is cancelled has never started", () => {
    const cancel = films({ cancel: true }, planning);
    const stopping = pass({ job: cancel, attempts: [probing] });
    expect(stopping.status.phase).toBe("Planning");
    expect(condition(stopping, "Ready")?.reason).toBe("Stopping");
    const finalizing = pass({ job: next(cancel, stopping) });
    expect(condition(finalizing, "Ready")?.reason).toBe("Finalizing");
    const last = succeeded({ unit: "finalize", result: result({ unit: "finalize", outputs: [] }) });
    const ended = pass({ job: next(cancel, finalizing), attempts: [last] });
    expect([ended.status.phase, ...told(ended)]).toEqual(["Cancelled", "job.cancelled"]);
  });
});
