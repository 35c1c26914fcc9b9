import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiServer } from "./api-server.ts";
import { binaries } from "./binaries.ts";
import { issueCertificate } from "./certificates.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { layout, nodes } from "./layout.ts";
import { inClusterNetwork } from "./network.ts";
import { startProcess } from "./process-registry.ts";

/** Starts the one kube-proxy of the cluster's network namespace, which all nodes share. */
export async function startKubeProxy(directory: string, apiServer: ApiServer): Promise<void> {
  const { "kube-proxy": binary } = await binaries("kube-proxy");
  const user = await issueCertificate(join(directory, "certificates"), apiServer.authority, "kube-proxy", {
    commonName: "system:kube-proxy",
  });
  const kubeconfig = join(directory, "kube-proxy.kubeconfig");
  writeKubeconfig(kubeconfig, apiServer.url, apiServer.authority, user);
  const configuration = {
    kind: "KubeProxyConfiguration",
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    clientConnection: { kubeconfig },
    mode: "iptables",
    clusterCIDR: layout.podCidr,
    hostnameOverride: nodes[0]?.name,
    healthzBindAddress: `${layout.clusterAddress}:10256`,
    metricsBindAddress: "127.0.0.1:10249",
    conntrack: { maxPerCore: 0 }, // the limit is the whole machine's, and may not be ours to change
    iptables: { minSyncPeriod: "100ms" },
  };
  const configurationPath = join(directory, "kube-proxy.json");
  writeFileSync(configurationPath, JSON.stringify(configuration, null, 2));
  startProcess(directory, "kube-proxy", [...inClusterNetwork, binary, `--config=${configurationPath}`]);
}
