import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, succeeds } from "./command.ts";
import { layout, type NodeLayout, nodes } from "./layout.ts";

/** Runs what follows in the cluster's network namespace, and only that: mounts and cgroups stay the machine's. */
export const inClusterNetwork: readonly [string, ...string[]] = [
  "nsenter",
  `--net=/run/netns/${layout.namespace}`,
];

/** Makes the namespace, the link between it and the machine, and the routes by which the machine reaches pods. */
export async function createNetwork(): Promise<void> {
  const { namespace, hostLink, clusterLink, hostAddress, clusterAddress, linkPrefixLength } = layout;
  await refuseTakenAddresses();
  const inside = (...args: string[]) => command("ip", ["-n", namespace, ...args]);
  await command("ip", ["netns", "add", namespace]);
  await command("ip", [
    "link",
    "add",
    hostLink,
    "type",
    "veth",
    "peer",
    "name",
    clusterLink,
    "netns",
    namespace,
  ]);
  await command("ip", ["address", "add", `${hostAddress}/${linkPrefixLength}`, "dev", hostLink]);
  await command("ip", ["link", "set", hostLink, "up"]);
  await inside("link", "set", "lo", "up");
  for (const address of [clusterAddress, ...nodes.map((node) => node.address)]) {
    await inside("address", "add", `${address}/${linkPrefixLength}`, "dev", clusterLink);
  }
  await inside("link", "set", clusterLink, "up");
  await inside("route", "add", "default", "via", hostAddress);
  await command(inClusterNetwork[0], [
    ...inClusterNetwork.slice(1),
    "sysctl",
    "-qw",
    "net.ipv4.ip_forward=1",
  ]);
  for (const cidr of [layout.podCidr, layout.serviceCidr]) {
    await command("ip", ["route", "add", cidr, "via", clusterAddress, "dev", hostLink]);
  }
}

/** Bridges, pods' links, routes and iptables rules all go with the namespace and the link. */
export async function removeNetwork(): Promise<void> {
  forgetAttachments();
  await succeeds("ip", ["link", "delete", layout.hostLink]);
  if (existsSync(`/run/netns/${layout.namespace}`))
    await command("ip", ["netns", "delete", layout.namespace]);
}

export async function networkExists(): Promise<boolean> {
  return (
    existsSync(`/run/netns/${layout.namespace}`) || (await succeeds("ip", ["link", "show", layout.hostLink]))
  );
}

/** Writes the CNI configuration by which a node's containerd gives pods their addresses. */
export function writePodNetwork(directory: string, node: NodeLayout): void {
  mkdirSync(directory, { recursive: true });
  const conflist = {
    cniVersion: "0.4.0",
    name: node.bridge,
    plugins: [
      {
        type: "bridge",
        bridge: node.bridge,
        isGateway: true,
        hairpinMode: true, // a pod may call the service that it stands behind
        ipMasq: false, // pod addresses are routed, to the machine too
        ipam: {
          type: "host-local",
          dataDir: join(directory, "addresses"),
          ranges: [[{ subnet: node.podCidr, gateway: node.podGateway }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
  writeFileSync(join(directory, "10-pods.conflist"), JSON.stringify(conflist, null, 2));
}

/**
 * CNI keeps what it gave each container in one folder for the whole machine, and containers that are killed never
 * give it back. A file's name is network-container-interface, and each container has one for its loopback too.
 */
function forgetAttachments(): void {
  const directory = "/var/lib/cni/results";
  if (!existsSync(directory)) return;
  const names = readdirSync(directory);
  for (const { bridge } of nodes) {
    for (const name of names.filter((one) => one.startsWith(`${bridge}-`))) {
      const [container = ""] = name.slice(bridge.length + 1).split("-");
      for (const file of names.filter((one) => one.includes(`-${container}-`))) {
        rmSync(join(directory, file), { force: true });
      }
    }
  }
}

async function refuseTakenAddresses(): Promise<void> {
  const routes = await command("ip", ["-4", "route", "show"]);
  for (const prefix of ["10.250.0.", "10.244.", "10.96."]) {
    const taken = routes.split("\n").find((route) => route.startsWith(prefix));
    if (taken) {
      throw new Error(
        `The test cluster wants ${prefix}*, which this machine routes already (${taken.trim()}): another ` +
          "Kubernetes or VPN? Stop that, or use it as the cluster: MEDIAJOB_TEST_CLUSTER=existing.",
      );
    }
  }
}
