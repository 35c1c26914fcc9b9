import { describe, expect, test } from "vitest";
import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import type { Failure } from "../../../crds/result.ts";
import {
  attempt,
  failed,
  finalized,
  mediaJob,
  NOW_MS,
  result,
  sources,
  succeeded,
  web,
} from "../../../test/builders/core.ts";
import { advanced, conditions, pass, starts } from "../../../test/builders/passes.ts";

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
      conditions: [{ message: "1 of 2 sources lacks outputs; see status.failures" }, {}, {}, {}, {}, {}, {}],
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
