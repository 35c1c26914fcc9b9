import { afterAll, beforeAll, expect, test } from "vitest";
import { type MediaJob, mediaJob } from "../../../crds/media-job.ts";
import { structuralSchema } from "../../../crds/structural-schema.ts";
import { validateMediaJob } from "../../../crds/validate.ts";
import { clip, manifest, many, source, thumbnail } from "./manifest.ts";
import { type MediaJobApi, startMediaJobApi } from "./media-job-api.ts";

/** The cost of the CEL rules: the API server bounds it when the definition is made and at every write. */
let api: MediaJobApi;
beforeAll(async () => {
  api = await startMediaJobApi();
});
afterAll(() => api?.stop());

test("the API server took the definition as it stands: no rule costs too much, no name is in conflict", async () => {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/mediajobs.mediajob.dev";
  const { status } = (await api.get(path)) as { status: { conditions: { type: string; status: string }[] } };
  const conditions = Object.fromEntries(status.conditions.map(({ type, status }) => [type, status]));
  expect(conditions).toEqual({ NamesAccepted: "True", Established: "True" });
});

test("10,000 sources and 50 outputs, the most there may be, are made, changed and reported in one write each", async () => {
  const { maxItems: maxSources = 0 } = specSchema("sources");
  const { maxItems: maxOutputs = 0 } = specSchema("outputs");
  const largest = manifest({
    metadata: { name: "largest" },
    spec: {
      sources: many(maxSources, (index) => source(`source-${index}`, `folder/of/photos/photo-${index}.jpg`)),
      outputs: many(maxOutputs, (index) =>
        index % 2 ? thumbnail(`output-${index}`, { quality: "High" }) : clip(`output-${index}`),
      ),
    },
  });
  expect([maxSources, maxOutputs]).toEqual([10_000, 50]);

  const created = await api.create(largest);
  if (!created.ok) throw new Error(created.text);
  const suspended = await api.update("largest", ({ spec }) => Object.assign(spec, { suspend: true }));
  const reported = await api.update(
    "largest",
    (job) => Object.assign(job, { status: worstStatus() }),
    "status",
  );
  const touched = await api.update("largest", ({ spec }) =>
    Object.assign(spec.sources as object[], { 9999: source("source-9999", "another.jpg") }),
  );

  expect(suspended).toMatchObject({ ok: true, object: { metadata: { generation: 2 } } });
  expect(reported).toMatchObject({ ok: true });
  expect(touched, "an item changed deep in the list is still found out").toMatchObject({
    ok: false,
    causes: [{ field: "spec.sources" }],
  });
  expect(validateMediaJob(largest)).toMatchObject({ ok: true });
  expect(
    validateMediaJob(
      { ...largest, spec: { ...largest.spec, suspend: true } },
      {
        previous: created.object as unknown as MediaJob,
      },
    ),
  ).toMatchObject({ ok: true });
  for (const [write, answer] of Object.entries({ created, suspended, reported }))
    if (answer.ok)
      console.log(`${write}: ${Math.round(answer.ms)} ms, ${JSON.stringify(answer.object).length} bytes`);
});

function specSchema(field: string) {
  return structuralSchema(mediaJob).properties?.spec?.properties?.[field] ?? {};
}

/** The longest ledger that 10,000 items can need, and every list full. */
function worstStatus() {
  const ledger = "1s1f".repeat(5000);
  const text = "x".repeat(1024);
  return {
    phase: "Running",
    sources: { total: 10_000, succeeded: 5000, failed: 5000, ledger },
    history: many(50, (index) => ({
      time: "2026-01-01T12:00:00Z",
      from: index % 2 ? "RecoveryRequired" : "PartiallySucceeded",
      to: index % 2 ? "PartiallySucceeded" : "RecoveryRequired",
      reason: "x".repeat(128),
    })),
    outputs: many(100, (index) => ({
      source: `source-${index}`,
      output: "output-0",
      phase: "Succeeded",
      uri: `volume://media/out/source-${index}/output-0.webp`,
    })),
    failures: many(20, (index) => ({
      unit: `image-${index}`,
      class: "input",
      reason: "SourceNotFound",
      message: text,
    })),
    warnings: many(20, () => ({ reason: "Odd", message: text })),
  };
}
