import { expect, test } from "vitest";
import { mediaJob } from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../../core/configuration.ts";
import { OutputClaims } from "../../core/queue/output-claims.ts";
import type { Job, Node, Pod, StoredMediaJob } from "../api/resources.ts";
import { Store } from "../cache/store.ts";
import { PoolUsage } from "../pool-usage.ts";
import { conflictOf } from "./output-conflict.ts";

const NOW_MS = Date.parse("2026-01-01T13:00:00Z");

/** A MediaJob created at this minute; all of them write the same files. */
function job(minute: number): StoredMediaJob {
  const plain = mediaJob();
  const creationTimestamp = `2026-01-01T12:0${minute}:00Z`;
  const metadata = { ...plain.metadata, name: `job-${minute}`, uid: `uid-${minute}`, creationTimestamp };
  return { ...plain, metadata } as StoredMediaJob;
}

function setUp(...mediaJobs: StoredMediaJob[]) {
  const onHandlerError = (error: unknown) => {
    throw error;
  };
  const configuration = defaultConfiguration();
  const shell = {
    claims: new OutputClaims(),
    usage: new PoolUsage(() => configuration),
    configuration: () => configuration,
    mediaJobs: new Store<StoredMediaJob, "uid">({
      indices: { uid: ({ metadata }) => [metadata.uid] },
      onHandlerError,
    }),
    jobs: new Store<Job, "owner">({ indices: { owner: () => [] }, onHandlerError }),
    pods: new Store<Pod, "mediaJob" | "node">({
      indices: { mediaJob: () => [], node: () => [] },
      onHandlerError,
    }),
    nodes: new Store<Node>({ onHandlerError }),
  };
  for (const one of mediaJobs) {
    shell.mediaJobs.observe(one);
    shell.claims.set(one);
  }
  return shell;
}

test("of two that write the same files the later one waits, but what finalizes, and is told for whom", () => {
  const shell = setUp(job(1), job(2));
  expect(conflictOf(job(1), shell, NOW_MS)).toBeUndefined();
  expect(conflictOf(job(2), shell, NOW_MS)).toMatchObject({
    reason: "OutputConflict",
    message: expect.stringContaining("job-1"),
    starts: 0,
    sparesFinalize: true,
  });
});

test("that the one it waits for waits for a person is told, and what helps", () => {
  const held = { ...job(1), status: { phase: "RecoveryRequired" } } as StoredMediaJob;
  const shell = setUp(held, job(2));
  expect(conflictOf(job(2), shell, NOW_MS)?.message).toBe(
    "waits for MediaJob media/job-1, which writes the same files and is in RecoveryRequired: raise its spec.retryGeneration, or cancel or delete it; after it, spec.destination.onConflict decides",
  );
});

test("the earlier one waits for what a pass beside it has just decided to start, and no longer", () => {
  const shell = setUp(job(1), job(2));
  const holder = { namespace: "media", name: "job-2-image-0-a1", owner: "uid-2" };
  shell.usage.reserve(holder, { pool: "cpu", mediaJob: "media/job-2" });
  expect(conflictOf(job(1), shell, NOW_MS)?.message).toContain("job-2");
  shell.usage.releaseUnseen("media/job-2", () => "Gone");
  expect(conflictOf(job(1), shell, NOW_MS)).toBeUndefined();
});
