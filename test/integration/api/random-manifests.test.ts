import { afterAll, beforeAll, expect, test } from "vitest";
import { FAMILIES } from "../../../crds/outputs/output.ts";
import { type MediaJobApi, startMediaJobApi } from "./media-job-api.ts";
import { agreeOnJobs, agreeOnOutputs } from "./random-agreement.ts";

/**
 * Offline validation holds to the API server on manifests that nobody thought of: values drawn from the schema
 * itself, so that a new field or rule is tested from the day it is there. A failure names its seed; test/long has
 * many more. Among these seeds every family has some that are valid.
 */
const SEEDS = { first: 60, count: 25 };

let accepted = 0;
let api: MediaJobApi;
beforeAll(async () => {
  api = await startMediaJobApi();
});
afterAll(() => api?.stop());

test.each(FAMILIES)(`${SEEDS.count} random %s outputs get one verdict from both`, async (family) => {
  accepted += await agreeOnOutputs(api, family, SEEDS);
});

test(`${SEEDS.count} random jobs get one verdict from both`, async () => {
  accepted += await agreeOnJobs(api, SEEDS);
});

test("some of all these are valid, some are not", () => {
  expect(accepted).toBeGreaterThan(SEEDS.count);
  expect(accepted).toBeLessThan(FAMILIES.length * SEEDS.count);
});
