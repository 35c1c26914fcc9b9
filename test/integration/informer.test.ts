import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessOf } from "../../operator/kube/api/access.ts";
import { KubeClient } from "../../operator/kube/api/client.ts";
import { CONFIG_MAPS, type ConfigMap } from "../../operator/kube/api/resources.ts";
import { Informer } from "../../operator/kube/cache/informer.ts";
import { systemClock } from "../../operator/kube/clock.ts";
import { isReady } from "../cluster/api-server.ts";
import { recordedProcesses, startProcess, stopProcess } from "../cluster/process-registry.ts";
import { type StandaloneApiServer, startApiServer } from "../cluster/standalone-api-server.ts";
import { until } from "../cluster/until.ts";

const soon = { timeoutMs: 60_000 };
const labels = { test: "informer" };
const COUNT = 1200;

let server: StandaloneApiServer;
/** What the test does, apart from the informer. */
let user: KubeClient;
let listRequests = 0;
let informer: Informer<ConfigMap, "shard">;
const told: string[] = [];
const errors: unknown[] = [];
const cleanups: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await startApiServer();
  cleanups.push(() => server.stop());
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(server.kubeconfig);
  const access = await accessOf(kubeConfig);
  user = new KubeClient(access);
  const client = new KubeClient(access, {
    onRequest: ({ verb }) => {
      if (verb === "list") listRequests += 1;
    },
  });
  informer = new Informer<ConfigMap, "shard">({
    client,
    resource: CONFIG_MAPS,
    labelSelector: "test=informer",
    indices: { shard: ({ data }) => (data?.shard ? [data.shard] : []) },
    clock: systemClock,
    random: Math.random,
    onError: (error) => errors.push(error),
  });
  informer.store.onChange(({ type, object }) => told.push(`${type} ${object.metadata.name}`));
  cleanups.push(async () => {
    await user.close();
    await client.close();
  });
});
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

const create = (name: string, data: Record<string, string> = {}) =>
  user.create(CONFIG_MAPS, { metadata: { namespace: "default", name, labels }, data });
const cached = (name: string) => informer.store.get({ namespace: "default", name });
const toldOf = (name: string) => told.filter((text) => text.endsWith(` ${name}`));

test(`${COUNT} objects are read in pages of 500 and found by index`, async () => {
  await Promise.all(Array.from({ length: COUNT }, (_, n) => create(`many-${n}`, { shard: `s${n % 7}` })));
  const controller = new AbortController();
  const ended = informer.run(controller.signal);
  cleanups.push(async () => {
    controller.abort();
    await ended;
  });
  await informer.whenSynced();
  expect(informer.store.size).toBe(COUNT);
  expect(listRequests).toBe(3);
  expect(informer.store.byIndex("shard", "s3")).toHaveLength(171);
  expect(cached("many-0")?.metadata).not.toHaveProperty("managedFields");
});

test("changes arrive, and only those of what is selected", async () => {
  await user.create(CONFIG_MAPS, { metadata: { namespace: "default", name: "other" } });
  await create("changing");
  await user.mergePatch(CONFIG_MAPS, { namespace: "default", name: "changing" }, { data: { n: "1" } });
  await user.delete(CONFIG_MAPS, { namespace: "default", name: "changing" });
  await until("the deletion", async () => toldOf("changing").length >= 3, soon);
  expect(toldOf("changing")).toEqual(["added changing", "updated changing", "deleted changing"]);
  expect(toldOf("other")).toEqual([]);
});

test("an object that loses its label is told as deleted, and may come back", async () => {
  const ref = { namespace: "default", name: "in-and-out" };
  await create("in-and-out");
  await user.mergePatch(CONFIG_MAPS, ref, { metadata: { labels: { test: null } } });
  await user.mergePatch(CONFIG_MAPS, ref, { metadata: { labels } });
  await until("the return", async () => toldOf("in-and-out").length >= 3, soon);
  expect(toldOf("in-and-out")).toEqual(["added in-and-out", "deleted in-and-out", "added in-and-out"]);
});

test("our own write is cached at once and its event changes nothing", async () => {
  const created = await create("own");
  informer.store.observe(created);
  expect(cached("own")?.metadata.uid).toBe(created.metadata.uid);
  await create("after-own");
  await until("a later event", async () => cached("after-own"), soon);
  expect(toldOf("own")).toEqual(["added own"]);
});

test("our own delete is cached at once", async () => {
  const created = await create("own-delete");
  await until("the object", async () => cached("own-delete"), soon);
  expect(await user.delete(CONFIG_MAPS, created.metadata)).toBeNull();
  informer.store.observeGone(created);
  expect(cached("own-delete")).toBeNull();
});

test("a killed API server is found again, and nothing that changed is missed", async () => {
  const listsBefore = listRequests;
  const doomed = await create("doomed");
  await until("the object", async () => cached("doomed"), soon);
  const command = await killApiServer();
  await until("the lost watch", async () => errors.length > 0, soon);
  startProcess(server.directory, "kube-apiserver", command);
  await until("kube-apiserver", () => isReady(server), soon);
  // Before the informer's next try, as likely as not: what a reconnecting watch must bring.
  await user.delete(CONFIG_MAPS, doomed.metadata);
  await create("doomed");
  await create("after-restart");
  await until("the object made after the restart", async () => cached("after-restart"), soon);
  expect(toldOf("doomed")).toEqual(["added doomed", "deleted doomed", "added doomed"]);
  expect(listRequests - listsBefore).toBeLessThanOrEqual(3);
  const { items } = await user.list(CONFIG_MAPS, { labelSelector: "test=informer" });
  const versions = (objects: readonly ConfigMap[]) =>
    objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
  expect(versions(informer.store.list())).toEqual(versions(items));
});

async function killApiServer(): Promise<[file: string, ...args: string[]]> {
  const found = recordedProcesses(server.directory).find(({ name }) => name === "kube-apiserver");
  if (!found) throw new Error("kube-apiserver has no record");
  await stopProcess(server.directory, found, { graceMs: 0 });
  return [...found.command] as [string, ...string[]];
}
