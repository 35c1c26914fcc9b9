import { afterAll, beforeAll, expect, test } from "vitest";
import { FAMILIES } from "../../crds/outputs/output.ts";
import { type MediaJobApi, startMediaJobApi } from "../integration/api/media-job-api.ts";
import { agreeOnJobs, agreeOnOutputs } from "../integration/api/random-agreement.ts";

/** More of what `npm test` draws a few of. A failure names its seed. */
const SEEDS = { first: 85, count: 1000 };

let api: MediaJobApi;
beforeAll(async () => {
  api = await startMediaJobApi();
});
afterAll(() => api?.stop());

test.each(FAMILIES)(`${SEEDS.count} random %s outputs get one verdict from both`, async (family) => {
  expect(await agreeOnOutputs(api, family, SEEDS)).toBeLessThan(SEEDS.count);
});

test(`${SEEDS.count} random jobs get one verdict from both`, async () => {
  expect(await agreeOnJobs(api, SEEDS)).toBeLessThan(SEEDS.count);
});
