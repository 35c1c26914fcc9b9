import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MediaJob, mediaJob } from "../../../crds/media-job.ts";
import { structuralSchema } from "../../../crds/structural-schema.ts";
import { MUTABLE_FIELDS } from "../../../crds/transitions.ts";
import { validateMediaJob } from "../../../crds/validate.ts";
import { destination, manifest, source, thumbnail, webhook } from "./manifest.ts";
import { type MediaJobApi, type Stored, startMediaJobApi } from "./media-job-api.ts";

/** What may change after creation, asked of the real API server and of the offline validation alike. */
let api: MediaJobApi;
beforeAll(async () => {
  api = await startMediaJobApi();
});
afterAll(() => api?.stop());

/** Another value for each field of spec that is valid by itself. */
const CHANGES: Record<string, unknown> = {
  sources: [source("beach"), source("forest")],
  outputs: [thumbnail("thumb", { width: 640 })],
  destination: destination({ onConflict: "Fail" }),
  failurePolicy: { sources: "FailFast" },
  retry: { maxAttempts: 5 },
  placement: { gpu: "Never" },
  resources: { maxMemory: "1Gi" },
  activeDeadlineSeconds: 600,
  unitTimeoutSeconds: 60,
  recovery: "Manual",
  report: { formats: ["json"] },
  suspend: true,
  cancel: true,
  parallelism: 2,
  priority: "Urgent",
  retryGeneration: 1,
  ttlSecondsAfterFinished: 3600,
  webhooks: [webhook()],
  webhookReplayGeneration: 1,
};
/** Fields whose only other value is refused anyway, since nothing answers to them yet. */
const RESERVED = ["presetRef"];

const isMutable = (field: string) => (MUTABLE_FIELDS as readonly string[]).includes(field);

/** Creates a job, puts new fields into its spec, and gives both answers to that. */
async function update(fields: object, before: object = {}) {
  const written = manifest({ spec: before, metadata: { name: "changing" } });
  const created = await api.create(written);
  if (!created.ok) throw new Error(created.text);
  try {
    const answer = await api.update("changing", (job: Stored) => Object.assign(job.spec, fields));
    const offline = validateMediaJob(
      { ...created.object, spec: { ...created.object.spec, ...fields } },
      { previous: created.object as unknown as MediaJob },
    );
    return {
      server: answer.ok ? "accepted" : answer.causes,
      offline: offline.ok ? "accepted" : offline.errors,
      generation: answer.ok ? answer.object.metadata.generation : 1,
    };
  } finally {
    await api.remove("changing");
  }
}

test("every field of spec stands in this test", () => {
  const spec = structuralSchema(mediaJob).properties?.spec?.properties ?? {};
  expect([...Object.keys(CHANGES), ...RESERVED].toSorted()).toEqual(Object.keys(spec).toSorted());
});

describe("after creation", () => {
  test.each(Object.keys(CHANGES).filter(isMutable))("%s may change", async (field) => {
    const { server, offline, generation } = await update({ [field]: CHANGES[field] });
    expect({ server, offline }).toEqual({ server: "accepted", offline: "accepted" });
    expect(generation, "a change of spec is a new generation").toBe(2);
  });

  test.each(Object.keys(CHANGES).filter((field) => !isMutable(field)))("%s is fixed", async (field) => {
    const { server, offline } = await update({ [field]: CHANGES[field] });
    expect(server).toEqual([
      {
        field: `spec.${field}`,
        message: expect.stringContaining(`${field} is immutable: work is planned from it once`),
      },
    ]);
    expect(offline).toMatchObject([{ path: `spec.${field}` }]);
  });

  test.each([
    {
      name: "cancel cannot be taken back",
      before: { cancel: true },
      fields: { cancel: false },
      field: "spec.cancel",
    },
    {
      name: "retryGeneration can only be raised",
      before: { retryGeneration: 2 },
      fields: { retryGeneration: 1 },
      field: "spec.retryGeneration",
    },
    {
      name: "webhookReplayGeneration can only be raised",
      before: { webhookReplayGeneration: 2 },
      fields: { webhookReplayGeneration: 1 },
      field: "spec.webhookReplayGeneration",
    },
    {
      name: "activeDeadlineSeconds is immutable",
      before: { activeDeadlineSeconds: 600 },
      fields: { activeDeadlineSeconds: undefined },
      field: "spec.activeDeadlineSeconds",
    },
  ])("$name", async ({ name, before, fields, field }) => {
    const { server, offline } = await update(fields, before);
    expect(server).toEqual([{ field, message: expect.stringContaining(name) }]);
    expect(offline).toMatchObject([{ path: field, message: expect.stringContaining(name) }]);
  });

  test("the order of the sources may change, since they are keyed by name", async () => {
    const sources = [source("a"), source("b")];
    const { server, offline } = await update({ sources: sources.toReversed() }, { sources });
    expect({ server, offline }).toEqual({ server: "accepted", offline: "accepted" });
  });
});

test("a status is written beside the spec, and bounded like it", async () => {
  await api.create(manifest({ metadata: { name: "reported" } }));
  const condition = {
    type: "Ready",
    status: "True",
    observedGeneration: 1,
    lastTransitionTime: "2026-01-01T00:00:00Z",
    reason: "Succeeded",
    message: "all outputs are made",
  };
  const status = { observedGeneration: 1, phase: "Succeeded", conditions: [condition] };

  const written = await api.update("reported", (job) => Object.assign(job, { status, spec: {} }), "status");
  expect(written).toMatchObject({ ok: true, object: { status, metadata: { generation: 1 } } });
  expect(written.ok && written.object.spec, "the spec stays as it was").toHaveProperty("sources");

  const twice = { ...status, conditions: [condition, condition] };
  const refused = await api.update("reported", (job) => Object.assign(job, { status: twice }), "status");
  expect(refused).toMatchObject({ ok: false, causes: [{ field: "status.conditions[1]" }] });
});
