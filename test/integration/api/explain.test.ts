import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../cluster/until.ts";
import { manifest } from "./manifest.ts";
import { type MediaJobApi, startMediaJobApi } from "./media-job-api.ts";

/** What `kubectl explain` and `kubectl get` show, as the API server publishes it. */
let api: MediaJobApi;
beforeAll(async () => {
  api = await startMediaJobApi();
  // The API server publishes a new kind seconds after it serves it.
  const explained = () => api.server.kubectl("explain", "mediajob");
  await until("kubectl explain", explained, { timeoutMs: 60_000, everyMs: 500 });
});
afterAll(() => api?.stop());

interface Published {
  description?: string;
  properties?: Record<string, Published>;
  items?: Published;
}

test("every field is described in the published OpenAPI, at every depth", async () => {
  const { components } = (await api.get("/openapi/v3/apis/mediajob.dev/v1alpha1")) as {
    components: { schemas: Record<string, Published> };
  };
  const kind = components.schemas["dev.mediajob.v1alpha1.MediaJob"];
  const fields = [...walk(kind?.properties?.spec, "spec"), ...walk(kind?.properties?.status, "status")];

  expect(kind?.description).toBe("MediaJob turns media sources into the wanted outputs at a destination.");
  expect(fields.length).toBeGreaterThan(100);
  expect(fields.filter(({ description }) => !description?.endsWith(".")).map(({ path }) => path)).toEqual([]);
});

function* walk(schema: Published = {}, path: string): Generator<{ path: string; description?: string }> {
  yield { path, ...(schema.description !== undefined && { description: schema.description }) };
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* walk(field, `${path}.${name}`);
  for (const [name, field] of Object.entries(schema.items?.properties ?? {}))
    yield* walk(field, `${path}[].${name}`);
}

test("`kubectl explain` gives each field of an image its sentence, with its default", async () => {
  const explained = await api.server.kubectl("explain", "mediajob.spec.outputs.image");
  expect(explained).toMatch(/width\s+<integer>\n\s+width in pixels/);
  expect(explained).toMatch(/fit\s+<string>\n\s+enum: cover, contain.*\n\s+fit is sharp's word/);
  expect(explained).toMatch(/Default cover\./);
  expect(explained).not.toContain("<no description>");
});

test("`kubectl explain --recursive` knows the short name and every family", async () => {
  const explained = await api.server.kubectl("explain", "mj.spec.outputs", "--recursive");
  for (const family of ["image", "video", "audio", "frames", "stream", "metadata"])
    expect(explained).toMatch(new RegExp(`^ {2}${family}\\s+<Object>`, "m"));
});

test("`kubectl get` shows the columns, by each of its names and as media", async () => {
  const kubectl = (...args: string[]) => api.server.kubectl(...args, "--namespace", api.namespace);
  expect(await kubectl("get", "mj", "--ignore-not-found")).toBe("");
  await api.create(manifest({ metadata: { name: "shown" } }));
  const header = async (...args: string[]) =>
    (await kubectl("get", ...args)).split("\n")[0]?.trim().split(/\s+/);
  expect(await header("mediajobs")).toEqual(["NAME", "PHASE", "PROGRESS", "DONE", "AGE"]);
  expect(await header("media", "--output=wide")).toEqual([
    "NAME",
    "PHASE",
    "PROGRESS",
    "DONE",
    "QUEUE",
    "STAGE",
    "ETA",
    "MESSAGE",
    "AGE",
  ]);
  await expect(kubectl("scale", "mj/shown", "--replicas=2"), "a job has no replicas").rejects.toThrow();
});
