import { afterAll, beforeAll, expect, test } from "vitest";
import { mediaJob } from "../../../crds/media-job.ts";
import { FAMILIES, type Family } from "../../../crds/outputs/output.ts";
import { type StructuralSchema, structuralSchema } from "../../../crds/structural-schema.ts";
import { validateMediaJob } from "../../../crds/validate.ts";
import { type Manifest, manifest } from "./manifest.ts";
import { type MediaJobApi, startMediaJobApi } from "./media-job-api.ts";
import { randomObject, randomValue, seeded } from "./random-value.ts";
import { disagreement, offlineCauses } from "./verdicts.ts";

/**
 * Offline validation holds to the API server on manifests that nobody thought of: values drawn from the schema
 * itself, so that a new field or rule is tested from the day it is there. A failure names its seed.
 */
const SEEDS = 100;

let api: MediaJobApi;
beforeAll(async () => {
  api = await startMediaJobApi();
});
afterAll(() => api?.stop());

test.each(FAMILIES)(`${SEEDS} random %s outputs get one verdict from both`, async (family) => {
  const accepted = await agreeOn((seed) => ({ outputs: [randomOutput(family, seed)] }));
  expect(accepted, "some are valid, some are not").toBeGreaterThan(0);
  expect(accepted).toBeLessThan(SEEDS);
});

test(`${SEEDS} random jobs get one verdict from both`, async () => {
  const accepted = await agreeOn((seed) => ({ ...randomSpec(seed) }));
  expect(accepted).toBeGreaterThan(0);
  expect(accepted).toBeLessThan(SEEDS);
});

/** Puts a manifest of each seed to both, and counts those that both accept. */
async function agreeOn(specOf: (seed: number) => object): Promise<number> {
  let accepted = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const written = manifest({ spec: specOf(seed) });
    if (await agree(written, seed)) accepted++;
  }
  return accepted;
}

async function agree(written: Manifest, seed: number): Promise<boolean> {
  const answer = await api.tryCreate(written);
  if (!answer.ok && answer.causes.length === 0) throw new Error(`seed ${seed}: ${answer.text}`);
  const offline = offlineCauses(written);
  const differences = disagreement(answer.ok ? [] : answer.causes, offline);
  expect(differences, `seed ${seed}: ${JSON.stringify(written.spec)}`).toEqual([]);
  if (!answer.ok) return false;
  const validation = validateMediaJob(written);
  expect(validation.ok && validation.value.spec, `seed ${seed}`).toEqual(answer.object.spec);
  return true;
}

function randomOutput(family: Family, seed: number): object {
  const fields = specSchema().outputs?.items?.properties?.[family] ?? {};
  return { name: "random", [family]: randomValue(fields, seeded(seed)) };
}

/** Every field but the sources and outputs, which have tests of their own. */
function randomSpec(seed: number): object {
  const { sources: _, outputs: __, destination: ___, ...properties } = specSchema();
  return randomObject({ properties }, seeded(seed));
}

function specSchema(): Record<string, StructuralSchema> {
  return structuralSchema(mediaJob).properties?.spec?.properties ?? {};
}
