import { expect, test } from "vitest";
import type { MediaJob } from "../../../crds/media-job.ts";
import {
  attempt,
  failed,
  mediaJob,
  NOW_MS,
  observation,
  result,
  sources,
  web,
} from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import type { ObservedAttempt } from "./attempt.ts";
import { decide } from "./decide.ts";

function pass(job: MediaJob, attempts: ObservedAttempt[]) {
  const seen = observation({ job, attempts });
  const decision = decide(seen, plan(job.spec, defaultConfiguration().pools));
  const starts = decision.actions.flatMap((action) =>
    action.do === "StartAttempt" ? [`${action.unit.name}-a${action.attempt}`] : [],
  );
  return { ...decision, starts, next: { ...job, status: decision.status } };
}

const evicted = failed({ disrupted: true });
const failure = { class: "internal", reason: "EngineFailed", message: "crashed" } as const;
const crashed = (n: number) => failed({ attempt: n, result: result({ failure }) });

test("work that was lost waits for a person, also when its Job is tidied away", () => {
  const held = pass(mediaJob({ recovery: "Manual" }), [evicted]);
  expect(held.status.phase).toBe("RecoveryRequired");
  const later = pass(held.next, []);
  expect([later.status.phase, later.starts]).toEqual(["RecoveryRequired", []]);
  const raised = mediaJob({ recovery: "Manual", retryGeneration: 1 });
  expect(pass({ ...raised, status: later.status }, []).starts).toEqual(["image-0-a101"]);
});

test("so does more of it than the status tells of, however it was lost", () => {
  const names = Array.from({ length: 22 }, (_, index) => `clip-${index}`);
  const job = (spec: object = {}) =>
    mediaJob({ outputs: [web], sources: sources(...names), recovery: "Manual", ...spec });
  const lost = names.map((_, index) =>
    failed({ unit: `video-${index}`, disrupted: true, endedAtMs: NOW_MS + index * 1000 }),
  );
  const held = pass(job(), lost);
  expect(held.status).toMatchObject({ phase: "RecoveryRequired", units: { pending: 23, ledger: "22h1." } });
  expect(held.status.attempts).toHaveLength(20);
  const later = pass(held.next, []);
  expect([later.status.phase, later.starts]).toEqual(["RecoveryRequired", []]);
  const raised = { ...job({ retryGeneration: 1 }), status: later.status };
  expect(pass(raised, []).starts.slice(0, 2)).toEqual(["video-0-a101", "video-1-a101"]);
});

test("what was taken for lost is gone on with when its node answers", () => {
  const job = mediaJob({ recovery: "Manual" });
  const held = pass(job, [evicted]);
  expect(pass(held.next, [attempt()]).status).toMatchObject({ phase: "Running", units: { ledger: "1." } });
});

test("attempts count whose Jobs are gone", () => {
  const job = mediaJob({ retry: { maxAttempts: 2 } });
  const first = pass(job, [crashed(1)]);
  const second = pass(first.next, [crashed(2)]);
  expect(second.status).toMatchObject({ phase: "Failed", units: { failed: 1 } });
  expect(second.status.attempts?.map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test("no unit has more attempts than a retryGeneration has numbers, also when most of their Jobs are gone", () => {
  const last = (attempt: number) => pass(mediaJob(), [failed({ attempt, disrupted: true })]);
  expect(last(98).starts).toEqual(["image-0-a99"]);
  expect(last(99)).toMatchObject({
    starts: [],
    status: { phase: "Failed", failures: [{ attempt: 99, reason: "Evicted" }] },
  });
});

test("an attempt failed as it was first told, also when its pod is gone since", () => {
  const job = mediaJob({ retry: { maxAttempts: 2 } });
  const first = pass(job, [crashed(1)]);
  const podless = attempt({ state: "Failed", podGone: true });
  const second = pass(first.next, [podless, crashed(2)]);
  expect(second.status.phase).toBe("Failed");
  expect(second.status.attempts).toMatchObject([{ reason: "EngineFailed" }, { reason: "EngineFailed" }]);
});

test("what an attempt had that ran out of memory is not known any more, and the next begins as planned", () => {
  const oom = failed({ exitCode: 137, oomKilled: true, memoryBytes: 2 ** 30 });
  const first = pass(mediaJob(), [oom]);
  expect(pass(first.next, []).starts).toEqual(["image-0-a2"]);
});
