/**
 * The native cluster's names and addresses. All of it but the API server lives in one network namespace of its own:
 * its bridges, routes and kube-proxy's rules never touch the machine's, and go away with the namespace.
 *
 *     machine                        namespace `mediajob`
 *     etcd, kube-apiserver           kubelets, containerds, kube-proxy, CoreDNS
 *     webhook receivers              10.250.0.2, node-0 10.250.0.10, node-1 10.250.0.11
 *     10.250.0.1 ─── mj-host ═══ mj-cluster ─┬─ mj-pods-0 10.244.0.0/24 ── pods
 *                                            └─ mj-pods-1 10.244.1.0/24 ── pods
 *
 * Pods reach the machine and each other, and nothing beyond: tests send no traffic to the outside.
 */
export const layout = {
  namespace: "mediajob",
  hostLink: "mj-host",
  clusterLink: "mj-cluster",
  /** The machine, as pods see it. */
  hostAddress: "10.250.0.1",
  clusterAddress: "10.250.0.2",
  linkPrefixLength: 24,
  podCidr: "10.244.0.0/16",
  serviceCidr: "10.96.0.0/16",
  apiServerServiceAddress: "10.96.0.1",
  dnsServiceAddress: "10.96.0.10",
  clusterDomain: "cluster.local",
  /** Resolves to `hostAddress` in pods: webhook URLs read better with it. */
  hostName: "host.mediajob.test",
} as const;

export interface NodeLayout {
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  readonly podGateway: string;
  readonly bridge: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { key: string; value: string; effect: string }[];
  /** Advertised in the node's status though no device plugin reports them. */
  readonly extendedResources: Readonly<Record<string, string>>;
}

export const nodes: readonly NodeLayout[] = [
  {
    name: "node-0",
    address: "10.250.0.10",
    podCidr: "10.244.0.0/24",
    podGateway: "10.244.0.1",
    bridge: "mj-pods-0",
    labels: { "mediajob.dev/pool": "cpu" },
    taints: [],
    extendedResources: {},
  },
  {
    name: "node-1",
    address: "10.250.0.11",
    podCidr: "10.244.1.0/24",
    podGateway: "10.244.1.1",
    bridge: "mj-pods-1",
    labels: { "mediajob.dev/pool": "gpu" },
    taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }],
    extendedResources: { "nvidia.com/gpu": "1" },
  },
];
