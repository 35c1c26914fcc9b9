import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiServer } from "./api-server.ts";
import { binaries } from "./binaries.ts";
import { issueCertificate } from "./certificates.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import type { Kubectl } from "./kubectl.ts";
import { layout } from "./layout.ts";
import { inClusterNetwork } from "./network.ts";
import { startProcess } from "./process-registry.ts";

/**
 * Starts CoreDNS and the Service through which pods ask it. It runs as a process beside the kubelets rather than as
 * a pod: one image less to build, and names resolve before the first pod starts.
 */
export async function startClusterDns(
  directory: string,
  apiServer: ApiServer,
  kubectl: Kubectl,
): Promise<void> {
  const { coredns } = await binaries("coredns");
  const user = await issueCertificate(join(directory, "certificates"), apiServer.authority, "coredns", {
    commonName: "coredns",
    organization: "system:masters",
  });
  const kubeconfig = join(directory, "coredns.kubeconfig");
  writeKubeconfig(kubeconfig, apiServer.url, apiServer.authority, user);
  const corefile = join(directory, "Corefile");
  writeFileSync(corefile, corefileText(kubeconfig));
  startProcess(directory, "coredns", [...inClusterNetwork, coredns, "-conf", corefile]);
  await kubectl.apply(dnsObjects);
}

/**
 * A block for each kind of name, as CoreDNS asks its plugins in an order of its own. Names beyond the cluster do not
 * exist, at once: a resolver that got no answer would ask again for seconds.
 */
function corefileText(kubeconfig: string): string {
  return `(common) {
  bind ${layout.clusterAddress}
  errors
}
${layout.clusterDomain} in-addr.arpa {
  import common
  kubernetes ${layout.clusterDomain} in-addr.arpa {
    kubeconfig ${kubeconfig}
    ttl 1
  }
}
${layout.hostName} {
  import common
  hosts {
    ${layout.hostAddress} ${layout.hostName}
  }
}
. {
  import common
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;
}

const ports = [
  { name: "dns", port: 53, protocol: "UDP" },
  { name: "dns-tcp", port: 53, protocol: "TCP" },
];

const dnsObjects = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kube-dns", namespace: "kube-system" },
    spec: { clusterIP: layout.dnsServiceAddress, ports },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: "kube-dns",
      namespace: "kube-system",
      labels: { "kubernetes.io/service-name": "kube-dns" },
    },
    addressType: "IPv4",
    ports,
    endpoints: [{ addresses: [layout.clusterAddress], conditions: { ready: true } }],
  },
];
