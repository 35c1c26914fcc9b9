import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { validateMediaJob } from "../../../crds/validate.ts";
import { type Cause, type MediaJobApi, startMediaJobApi } from "./media-job-api.ts";
import type { Row } from "./row.ts";
import { imageRows } from "./rows/image-rows.ts";
import { jobRows } from "./rows/job-rows.ts";
import { outputRows } from "./rows/output-rows.ts";
import { reservedRows } from "./rows/reserved-rows.ts";
import { sourceRows } from "./rows/source-rows.ts";
import { streamRows } from "./rows/stream-rows.ts";
import { videoRows } from "./rows/video-rows.ts";
import { disagreement, isPart, offlineCauses } from "./verdicts.ts";

/**
 * Each manifest is put to the real API server and to the offline validation: both must accept it and keep the
 * same object, or refuse it for the same fields.
 */
let api: MediaJobApi;
beforeAll(async () => {
  api = await startMediaJobApi();
});
afterAll(() => api?.stop());

describe.each([
  { what: "sources", rows: sourceRows },
  { what: "outputs", rows: outputRows },
  { what: "videos", rows: videoRows },
  { what: "images", rows: imageRows },
  { what: "streams", rows: streamRows },
  { what: "the job", rows: jobRows },
  { what: "what is reserved", rows: reservedRows },
])("$what:", ({ rows }) => {
  test.each(rows.filter(({ refusal }) => !refusal))("$name is accepted", async ({ manifest }) => {
    const offline = validateMediaJob(manifest);
    const created = await api.create(manifest);
    if (!created.ok) throw new Error(`the API server refused it: ${created.text}`);
    await api.remove(created.object.metadata.name);
    if (!offline.ok) throw new Error(`offline validation refused it: ${JSON.stringify(offline.errors)}`);
    expect(created.object.spec, "both keep what was written, and the defaults").toEqual(offline.value.spec);
    expect(created.object.spec).toMatchObject(withoutNulls(manifest.spec));
  });

  test.each(rows.filter(isRefused))("$name is refused", async ({ manifest, refusal }) => {
    const created = await api.create(manifest);
    if (created.ok) await api.remove(created.object.metadata.name);
    const server = created.ok ? [] : created.causes;
    const offline = offlineCauses(manifest);

    expect(said(server, refusal.field)).toContainEqual(expect.stringContaining(refusal.server));
    expect(said(offline, refusal.field)).toContainEqual(expect.stringContaining(refusal.offline));
    expect(disagreement(server, offline)).toEqual([]);
  });
});

function isRefused(row: Row): row is Required<Row> {
  return row.refusal !== undefined;
}

/** What was said of a field or a part of it. */
function said(causes: Cause[], field: string): string[] {
  return causes.filter((cause) => isPart(cause.field, field)).map(({ message }) => message);
}

function withoutNulls(spec: object): object {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null));
}
