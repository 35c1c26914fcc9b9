import { expect, test } from "vitest";
import { mediaJob } from "../../test/builders/core.ts";
import { configuration } from "../core/configuration.ts";
import type { StoredMediaJob } from "./api/resources.ts";
import { operatorInMemory } from "./testing/operator.ts";

const oneAtOnce = configuration.parse({ concurrency: 1 });
const QUEUE = { "kueue.x-k8s.io/queue-name": "media" };

function named(name: string, labels?: Record<string, string>): StoredMediaJob {
  const { metadata, ...rest } = mediaJob({ destination: { volume: { claimName: "media", path: name } } });
  return { ...rest, metadata: { ...metadata, name, uid: `uid-${name}`, ...(labels && { labels }) } } as never;
}

test.each([
  { name: "of the operator's own queue takes a place", labels: undefined, others: 0 },
  { name: "that waits for Kueue takes none", labels: QUEUE, others: 1 },
])("a MediaJob $name, and others start accordingly", async ({ labels, others }) => {
  const operator = operatorInMemory(oneAtOnce);
  const first = operator.hold(named("first", labels));
  const second = operator.hold(named("second"));
  await operator.pass(first);
  const { usage, jobs } = operator.shell;
  expect(jobs.byIndex("owner", "uid-first")).toHaveLength(1);
  expect(usage.freeInAll("media")).toBe(others);
  await operator.pass(second);
  expect(jobs.byIndex("owner", "uid-second")).toHaveLength(others);
});

test("MediaJobs that Kueue admits start all their Jobs, though the operator is full", async () => {
  const operator = operatorInMemory(oneAtOnce);
  await operator.pass(operator.hold(named("first")));
  await operator.pass(operator.hold(named("second", QUEUE)));
  expect(operator.shell.jobs.byIndex("owner", "uid-second")).toHaveLength(1);
});
