import { expect } from "vitest";
import { mediaJob } from "../../../crds/media-job.ts";
import type { Family } from "../../../crds/outputs/output.ts";
import { type StructuralSchema, structuralSchema } from "../../../crds/structural-schema.ts";
import { validateMediaJob } from "../../../crds/validate.ts";
import { type Manifest, manifest } from "./manifest.ts";
import type { MediaJobApi } from "./media-job-api.ts";
import { randomObject, randomValue, seeded } from "./random-value.ts";
import { disagreement, offlineCauses } from "./verdicts.ts";

/** The first of the seeds, and how many. */
export interface Seeds {
  first: number;
  count: number;
}

/** Puts an output of each seed to both, and counts those that both accept. */
export const agreeOnOutputs = (api: MediaJobApi, family: Family, seeds: Seeds): Promise<number> =>
  agreeOn(api, seeds, (seed) => ({ outputs: [randomOutput(family, seed)] }));

/** The same with every other field of a job but its sources and destination, which have tests of their own. */
export const agreeOnJobs = (api: MediaJobApi, seeds: Seeds): Promise<number> =>
  agreeOn(api, seeds, randomSpec);

async function agreeOn(
  api: MediaJobApi,
  { first, count }: Seeds,
  specOf: (seed: number) => object,
): Promise<number> {
  let accepted = 0;
  for (let seed = first; seed < first + count; seed++) {
    if (await agree(api, manifest({ spec: specOf(seed) }), seed)) accepted++;
  }
  return accepted;
}

async function agree(api: MediaJobApi, written: Manifest, seed: number): Promise<boolean> {
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
  const fields = specSchema.outputs?.items?.properties?.[family] ?? {};
  return { name: "random", [family]: randomValue(fields, seeded(seed)) };
}

function randomSpec(seed: number): object {
  const { sources: _, outputs: __, destination: ___, ...properties } = specSchema;
  return randomObject({ properties }, seeded(seed));
}

const specSchema: Record<string, StructuralSchema> =
  structuralSchema(mediaJob).properties?.spec?.properties ?? {};
