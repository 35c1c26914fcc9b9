import { join } from "node:path";
import { ensureCluster } from "../cluster/cluster.ts";
import { buildImages } from "../cluster/images.ts";
import { nodes } from "../cluster/layout.ts";

export const OPERATOR_NAMESPACE = "mediajob-system";
export const RELEASE = "mediajob";

/** The pools of the test cluster's two nodes; a unit takes two fifths of a core, so that several fit. */
const pools = nodes.map(({ labels, taints, extendedResources }) => {
  const [gpuResource] = Object.keys(extendedResources);
  return {
    name: labels["mediajob.dev/pool"],
    nodeSelector: labels,
    tolerations: taints.map(({ key, effect }) => ({ key, operator: "Exists", effect })),
    perUnit: { cpu: 0.4, memory: "3Gi", scratch: "4Gi" },
    concurrency: gpuResource ? 1 : 4,
    ...(gpuResource && { gpuResource }),
  };
});

/** Both nodes; dear, so that only what names it runs there. For work that may move from a lost node to another. */
const anywhere = {
  name: "anywhere",
  tolerations: pools.flatMap(({ tolerations }) => tolerations),
  perUnit: { cpu: 0.5, memory: "3Gi", scratch: "4Gi" },
  concurrency: 1,
  costWeight: 1000,
};

/** Says that it has a hardware encoder, and has none. Dear, so that only what names it runs there. */
const withoutEncoder = pools
  .filter(({ gpuResource }) => gpuResource)
  .map((pool) => ({ ...pool, name: "no-encoder", encoder: "nvenc", costWeight: 1000 }));

/**
 * Where units get a fifth of a core: what a test must find at work stays at work for minutes, and takes little from
 * the tests beside it. On the node of the GPU pool, which has room.
 */
const slow = {
  ...pools[1],
  name: "slow",
  gpuResource: undefined,
  perUnit: { cpu: 0.2, memory: "3Gi", scratch: "4Gi" },
  concurrency: 4, // with the two pools of the GPU, what the node can give
  costWeight: 1000,
};

const values = {
  config: {
    pools: [...pools, anywhere, ...withoutEncoder, slow],
    recovery: { unreachableNodeSeconds: 5, gpuRoomSeconds: 5 },
    // Webhook receivers of the tests listen on this machine's private address.
    webhooks: { allowPrivateAddresses: true },
  },
  image: { repository: "mediajob-operator", tag: "dev", pullPolicy: "Never" },
  worker: { image: { repository: "mediajob-worker", tag: "dev", pullPolicy: "IfNotPresent" } },
};

/** The process that has installed: two suites share one installation. */
const INSTALLED_BY = "MEDIAJOB_E2E_INSTALLED_BY";

/**
 * Before the end-to-end tests: builds both images as a user does, loads them into the nodes, and installs the
 * chart. Returns what ends the cluster, if it was started here.
 */
export async function install(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[INSTALLED_BY] === String(process.pid)) return undefined;
  const cluster = await ensureCluster();
  // A test that was aborted may have left a node closed to new pods.
  if (cluster.provider === "native") await cluster.kubectl("uncordon", ...nodes.map(({ name }) => name));
  const images = cluster.provider === "native" ? await buildImages() : [];
  await cluster.loadImages(...images.map(({ name }) => name));
  // The tag is the same each time; only a new pod runs a new image.
  const podAnnotations = { "mediajob.dev/built": images.map(({ id }) => id).join() || String(Date.now()) };
  await cluster.helm(
    ...["upgrade", "--install", RELEASE, join(import.meta.dirname, "../../charts/mediajob")],
    ...["--namespace", OPERATOR_NAMESPACE, "--create-namespace", "--wait", "--timeout", "300s"],
    ...["--set-json", `config=${JSON.stringify(values.config)}`],
    ...["--set-json", `image=${JSON.stringify(values.image)}`],
    ...["--set-json", `worker=${JSON.stringify(values.worker)}`],
    ...["--set-json", `podAnnotations=${JSON.stringify(podAnnotations)}`],
  );
  process.env[INSTALLED_BY] = String(process.pid);
  return () => cluster.stop();
}
