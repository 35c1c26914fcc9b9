import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { validateMediaJob } from "../../../crds/validate.ts";
import type { Manifest } from "./manifest.ts";
import { type MediaJobApi, startMediaJobApi } from "./media-job-api.ts";

/** Every manifest that the repository shows to its users is one that the API takes. */
const folder = resolve(import.meta.dirname, "../../../examples/mediajobs");
const examples = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml"))
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((text) => ({ file, text })),
  )
  .map(({ file, text }) => ({ file, manifest: text.toJS() as Manifest }));

let api: MediaJobApi;
beforeAll(async () => {
  api = await startMediaJobApi();
});
afterAll(() => api?.stop());

test.each(examples)("examples/mediajobs/$file is valid", async ({ manifest }) => {
  const { namespace: _, ...metadata } = manifest.metadata; // the test's API server has none of them
  const answer = await api.tryCreate({ ...manifest, metadata });
  expect(answer).toMatchObject({ ok: true });
  expect(validateMediaJob(manifest)).toMatchObject({ ok: true });
});
