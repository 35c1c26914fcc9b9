import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { KubeClient } from "../../operator/kube/api/client.ts";
import { CONFIG_MAPS, JOBS, MEDIA_JOBS, TOKEN_REVIEWS } from "../../operator/kube/api/resources.ts";
import { connect } from "../cluster/connect.ts";
import { sharedApiServer } from "./shared-api-server.ts";

let client: KubeClient;

beforeAll(async () => {
  const { kubeconfig } = await sharedApiServer(inject("runOfApiServer"));
  client = await connect(kubeconfig);
});
afterAll(async () => {
  await client?.close();
});

const at = (name: string) => ({ namespace: "default", name });

test("an object is created, read, patched, applied and deleted", async () => {
  const ref = at("life");
  expect(await client.get(CONFIG_MAPS, ref)).toBeNull();
  const created = await client.create(CONFIG_MAPS, { metadata: ref, data: { a: "1", b: "1" } });
  expect(created).toMatchObject({ kind: "ConfigMap", metadata: { ...ref, uid: expect.any(String) } });
  expect(await client.get(CONFIG_MAPS, ref)).toEqual(created);
  const patched = await client.mergePatch(CONFIG_MAPS, ref, { data: { b: null, c: "1" } });
  expect(patched.data).toEqual({ a: "1", c: "1" });
  const applied = await client.apply(CONFIG_MAPS, { metadata: ref, data: { c: "2" } });
  expect(applied.data).toEqual({ a: "1", c: "2" });
  expect(await client.delete(CONFIG_MAPS, ref)).toBeNull();
  expect(await client.delete(CONFIG_MAPS, ref)).toBeNull();
});

test("an object that waits for its finalizers is given back by delete", async () => {
  const ref = at("held");
  await client.create(CONFIG_MAPS, { metadata: { ...ref, finalizers: ["mediajob.dev/test"] } });
  expect((await client.delete(CONFIG_MAPS, ref))?.metadata.deletionTimestamp).toEqual(expect.any(String));
  await client.mergePatch(CONFIG_MAPS, ref, { metadata: { finalizers: null } });
  expect(await client.get(CONFIG_MAPS, ref)).toBeNull();
});

test("a status is written beside the spec", async () => {
  const ref = at("job");
  const container = { name: "work", image: "none" };
  const spec = { template: { spec: { restartPolicy: "Never", containers: [container] } } };
  await client.create(JOBS, { metadata: ref, spec });
  await client.mergePatch(
    JOBS,
    ref,
    { spec: { suspend: true }, status: { active: 1 } },
    { subresource: "status" },
  );
  expect(await client.get(JOBS, ref)).toMatchObject({ spec: { suspend: false }, status: { active: 1 } });
});

test("a status as a whole takes the place of the one before, and nothing else changes", async () => {
  const ref = at("whole");
  const container = { name: "work", image: "none" };
  const spec = { template: { spec: { restartPolicy: "Never", containers: [container] } } };
  const created = await client.create(JOBS, { metadata: ref, spec });
  const active = await client.replaceStatus(JOBS, created.metadata, { active: 1, ready: 1 });
  const busy = await client.replaceStatus(JOBS, active.metadata, { active: 2 });
  expect(busy.status).toEqual({ active: 2 });
  expect(busy.spec).toEqual(created.spec);
  await expect(client.replaceStatus(JOBS, active.metadata, {})).rejects.toMatchObject({ reason: "Conflict" });
});

test.each([
  {
    name: "a name that is taken",
    call: () => client.create(CONFIG_MAPS, { metadata: at("taken") }),
    expected: { code: 409, reason: "AlreadyExists" },
  },
  {
    name: "a patch of an older version",
    call: () => client.mergePatch(CONFIG_MAPS, at("taken"), { metadata: { resourceVersion: "1" }, data: {} }),
    expected: { code: 409, reason: "Conflict" },
  },
  {
    name: "a delete of a former life",
    call: () => client.delete(CONFIG_MAPS, at("taken"), { preconditions: { uid: "former" } }),
    expected: { code: 409, reason: "Conflict" },
  },
  {
    name: "a kind that is not installed",
    call: () => client.get({ ...MEDIA_JOBS, apiVersion: "absent.dev/v1" }, at("any")),
    expected: { code: 404, reason: "Unknown" },
  },
  {
    name: "an object that breaks the schema",
    call: () => client.create(CONFIG_MAPS, { metadata: at("Not A Name") }),
    expected: { code: 422, reason: "Invalid", status: { details: { causes: [{ field: "metadata.name" }] } } },
  },
])("$name is refused with its reason", async ({ call, expected }) => {
  await client.create(CONFIG_MAPS, { metadata: at("taken"), data: {} }).catch(() => {});
  await expect(call()).rejects.toMatchObject(expected);
});

test("a token that means nothing is reviewed as such", async () => {
  const review = await client.create(TOKEN_REVIEWS, {
    metadata: {},
    spec: { token: "nonsense", audiences: ["mediajob"] },
  });
  expect(review.status?.authenticated ?? false).toBe(false);
});
