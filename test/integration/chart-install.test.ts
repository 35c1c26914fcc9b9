import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KubeClient } from "../../operator/kube/api/client.ts";
import { SUBJECT_ACCESS_REVIEWS } from "../../operator/kube/api/resources.ts";
import { connect } from "../cluster/connect.ts";
import { type StandaloneApiServer, startApiServer } from "../cluster/standalone-api-server.ts";
import { until } from "../cluster/until.ts";
import { chart, everythingOn, helm, type Manifest } from "./chart.ts";

let cluster: StandaloneApiServer;
/** Asks the many questions: a process of kubectl for each takes longer than all the answers. */
let client: KubeClient;
let notes: string;

const release = (args: readonly string[], values?: object) =>
  helm([...args, "--namespace", "media"], { ...(values && { values }), kubeconfig: cluster.kubeconfig });

beforeAll(async () => {
  cluster = await startApiServer();
  client = await connect(cluster.kubeconfig);
  await cluster.kubectl("create", "namespace", "films");
  notes = await release(["install", "media", chart, "--create-namespace"], everythingOn);
  const established = ["wait", "--for=condition=Established", "crd/mediajobs.mediajob.dev", "--timeout=5s"];
  // `kubectl wait` gives up at once on an object that has no conditions yet.
  await until("the CRD", () => cluster.kubectl(...established), { timeoutMs: 60_000 });
}, 900_000);

afterAll(async () => {
  await client?.close();
  await cluster?.stop();
});

test("the first job that the notes suggest is a valid one", async () => {
  const manifest = notes.match(/<<EOF\n([\s\S]*?)\n {2}EOF/)?.[1]?.replaceAll(/^ {2}/gm, "") ?? "";
  const answer = await cluster.kubectl.apply(manifest, "--dry-run=server");
  expect(answer).toBe("mediajob.mediajob.dev/first created (server dry run)");
});

test("the operator's pod fulfils the Pod Security Standard restricted", async () => {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await cluster.kubectl.apply([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "strict", labels } },
  ]);
  const deployment = ["deployment", "media-mediajob", "--namespace", "media"];
  const { spec: installed } = await cluster.kubectl.json<Manifest>("get", ...deployment);
  const { priorityClassName: _, ...spec } = installed.template.spec; // which only another controller fills in
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "operator", namespace: "strict" }, spec };
  await cluster.kubectl.apply([pod], "--dry-run=server");
  const onHost = { ...pod, spec: { ...spec, hostNetwork: true } };
  await expect(cluster.kubectl.apply([onHost], "--dry-run=server")).rejects.toThrow("violates PodSecurity");
});

test("the pod by which examples copy files fulfils it, too, and its claims are valid", async () => {
  const volumes = join(import.meta.dirname, "../../examples/volumes.yaml");
  const answer = await cluster.kubectl("apply", "-f", volumes, "--namespace", "strict", "--dry-run=server");
  expect(answer.match(/^\S+ created/gm)).toEqual([
    "persistentvolumeclaim/media created",
    "persistentvolumeclaim/results created",
    "pod/files created",
  ]);
});

interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** Of the object; any when unset. */
  readonly name?: string;
  readonly namespace: string;
}

const mediaJobs = { group: "mediajob.dev", resource: "mediajobs", namespace: "any" };
const secrets = { group: "", resource: "secrets" };
const pods = { group: "", resource: "pods", namespace: "any" };
const lease = { group: "coordination.k8s.io", resource: "leases", name: "mediajob-operator" };

test.each([
  { name: "the operator watches MediaJobs everywhere", access: { ...mediaJobs, verb: "watch" } },
  { name: "the operator deletes a MediaJob whose time is over", access: { ...mediaJobs, verb: "delete" } },
  { name: "the operator puts status", access: { ...mediaJobs, verb: "update", subresource: "status" } },
  {
    name: "the operator creates Jobs",
    access: { verb: "create", group: "batch", resource: "jobs", namespace: "any" },
  },
  { name: "the operator watches pods", access: { ...pods, verb: "watch" } },
  {
    name: "the operator records Events",
    access: { verb: "create", group: "", resource: "events", namespace: "any" },
  },
  {
    name: "the operator reviews workers' tokens",
    access: { verb: "create", group: "authentication.k8s.io", resource: "tokenreviews", namespace: "" },
  },
  {
    name: "the operator holds the Lease in its own namespace",
    access: { ...lease, verb: "patch", namespace: "media" },
  },
  {
    name: "the operator reads Secrets where it was let",
    access: { ...secrets, verb: "get", namespace: "films" },
  },
])("$name", async ({ access }) => {
  expect(await isAllowed(access)).toBe(true);
});

test.each([
  { name: "the operator reads no Secrets elsewhere", access: { ...secrets, verb: "get", namespace: "any" } },
  {
    name: "the operator lists no Secrets anywhere",
    access: { ...secrets, verb: "list", namespace: "films" },
  },
  {
    name: "the operator touches no Lease of others",
    access: { ...lease, name: "theirs", verb: "patch", namespace: "media" },
  },
  { name: "the operator touches no Lease elsewhere", access: { ...lease, verb: "patch", namespace: "any" } },
  { name: "the operator changes no MediaJob's spec", access: { ...mediaJobs, verb: "patch" } },
  { name: "the operator creates no pods by itself", access: { ...pods, verb: "create" } },
  { name: "the operator gets no single pod: it lists and watches them", access: { ...pods, verb: "get" } },
  { name: "the operator enters no pods", access: { ...pods, verb: "create", subresource: "exec" } },
  {
    name: "the operator lists no ConfigMaps",
    access: { verb: "list", group: "", resource: "configmaps", namespace: "media" },
  },
  {
    name: "the operator changes no ConfigMaps of others",
    access: { verb: "patch", group: "", resource: "configmaps", namespace: "media" },
  },
])("$name", async ({ access }) => {
  expect(await isAllowed(access)).toBe(false);
});

test("MediaJobs and their definition outlive the release, and a new one takes them over", async () => {
  const volume = { claimName: "media", path: "a" };
  await cluster.kubectl.apply([
    {
      apiVersion: "mediajob.dev/v1alpha1",
      kind: "MediaJob",
      metadata: { name: "kept" },
      spec: {
        sources: [{ name: "a", volume }],
        outputs: [{ name: "b", image: { format: "png" } }],
        destination: { volume },
      },
    },
  ]);
  await release(["upgrade", "media", chart]);
  await release(["uninstall", "media"]);
  await release(["install", "media", chart]);
  expect(await cluster.kubectl("get", "mediajobs", "-o", "name")).toBe("mediajob.mediajob.dev/kept");
});

async function isAllowed(access: Access): Promise<boolean> {
  const user = "system:serviceaccount:media:media-mediajob";
  const { status } = await client.create(SUBJECT_ACCESS_REVIEWS, {
    metadata: {},
    spec: { user, resourceAttributes: access },
  });
  return status?.allowed ?? false;
}
