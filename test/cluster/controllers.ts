import { join } from "node:path";
import type { ApiServer } from "./api-server.ts";
import { binaries } from "./binaries.ts";
import { issueCertificate } from "./certificates.ts";
import { freePorts } from "./free-port.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { type RecordedProcess, startProcess } from "./process-registry.ts";

/** Starts kube-controller-manager: Jobs make pods, owners' deletions collect, namespaces get service accounts. */
export async function startControllerManager(
  directory: string,
  apiServer: ApiServer,
  extraArguments: readonly string[] = [],
): Promise<RecordedProcess> {
  const { "kube-controller-manager": binary } = await binaries("kube-controller-manager");
  const kubeconfig = await kubeconfigOf(directory, apiServer, "kube-controller-manager");
  const [port] = await freePorts(1);
  return startProcess(directory, "kube-controller-manager", [
    binary,
    `--kubeconfig=${kubeconfig}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    `--root-ca-file=${apiServer.authority.certificate}`,
    `--service-account-private-key-file=${apiServer.signingKey}`,
    "--use-service-account-credentials=true",
    "--controllers=*,-node-ipam-controller,-node-route-controller", // the nodes' pod networks are fixed
    "--leader-elect=false",
    "--node-monitor-grace-period=20s", // a lost node is noticed in half the default time
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    ...extraArguments, // of a flag given twice, the last one counts
  ]);
}

export async function startScheduler(
  directory: string,
  apiServer: ApiServer,
  extraArguments: readonly string[] = [],
): Promise<RecordedProcess> {
  const { "kube-scheduler": binary } = await binaries("kube-scheduler");
  const kubeconfig = await kubeconfigOf(directory, apiServer, "kube-scheduler");
  const [port] = await freePorts(1);
  return startProcess(directory, "kube-scheduler", [
    binary,
    `--kubeconfig=${kubeconfig}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    "--leader-elect=false",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    ...extraArguments, // of a flag given twice, the last one counts
  ]);
}

/** Writes the kubeconfig of the user `system:NAME` and gives its path. */
async function kubeconfigOf(directory: string, apiServer: ApiServer, name: string): Promise<string> {
  const user = await issueCertificate(join(directory, "certificates"), apiServer.authority, name, {
    commonName: `system:${name}`,
  });
  const path = join(directory, `${name}.kubeconfig`);
  writeKubeconfig(path, apiServer.url, apiServer.authority, user);
  return path;
}
