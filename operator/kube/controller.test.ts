import { pino } from "pino";
import { expect, test } from "vitest";
import type { MediaJobStatus } from "../../crds/media-job-status.ts";
import { mediaJob } from "../../test/builders/core.ts";
import { configuration } from "../core/configuration.ts";
import type { ObjectRef } from "./api/kube-object.ts";
import type { StoredMediaJob } from "./api/resources.ts";
import { createCaches } from "./cache/caches.ts";
import { Controller } from "./controller.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const audit = { name: "audit", url: "https://audit.test/", secretRef: { name: "s", key: "secret" } };
const waiting = {
  ...{ id: "m1", type: "job.completed", sequence: 1, time: "2026-01-01T12:00:00Z" },
  phase: "Succeeded" as const,
};

/** A leader before these MediaJobs, and those for whose outboxes a pass has called. */
async function leader(jobs: Record<string, MediaJobStatus>) {
  const clock = new ManualClock();
  const unread = { client: {} as never, clock, random: Math.random, onError: () => {} };
  const caches = { ...createCaches(unread), refresh: async () => [] };
  const client = {
    replaceStatus: async (_: unknown, ref: ObjectRef, status: MediaJobStatus) => ({
      ...caches.mediaJobs.store.get(ref),
      status,
    }),
  } as unknown as ConstructorParameters<typeof Controller>[0]["client"];
  for (const [name, status] of Object.entries(jobs)) {
    const { metadata, ...rest } = mediaJob({}, status);
    const stored = { ...metadata, name, uid: name, resourceVersion: "1" };
    caches.mediaJobs.store.put({ ...rest, metadata: stored } as StoredMediaJob);
  }
  const decided: string[] = [];
  let passes = 0;
  const controller = new Controller({
    ...{ client, caches, clock, random: Math.random, log: pino({ enabled: false }), instance: "test" },
    configuration: () => configuration.parse({ webhooks: { endpoints: [audit] } }),
    remainingMs: () => 60_000,
    deliveriesOf: () => [],
    onOutbox: (key) => void decided.push(key.split("/")[1] ?? ""),
    onGone: () => {},
    metrics: { onPass: () => void passes++, onStart: () => {}, onPhase: () => {} },
  });
  await controller.start(new AbortController().signal);
  await expect.poll(() => passes).toBe(Object.keys(jobs).length);
  decided.length = 0;
  return { controller, decided };
}

test("of the MediaJobs that are over, another configuration concerns those whose webhooks still wait", async () => {
  const box = { name: "operator/audit", delivered: 0, deadLetters: 0 };
  const { controller, decided } = await leader({
    told: { phase: "Succeeded", webhooks: [{ ...box, pending: [] }] },
    untold: { phase: "Succeeded", webhooks: [{ ...box, pending: [waiting] }] },
  });
  controller.reconfigured();
  await expect.poll(() => decided).toEqual(["untold"]);
});
