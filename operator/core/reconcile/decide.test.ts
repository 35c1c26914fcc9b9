import { describe, expect, test } from "vitest";
import { mediaJob, NOW_MS, succeeded } from "../../../test/builders/core.ts";
import { advanced, pass } from "../../../test/builders/passes.ts";

describe("one that is over", () => {
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
