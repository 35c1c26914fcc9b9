import { KubeConfig } from "@kubernetes/client-node";
import { accessOf } from "../../operator/kube/access.ts";
import { KubeClient } from "../../operator/kube/client.ts";

/** The operator's own client, as the user of a kubeconfig: a benchmark measures what it can itself reach. */
export async function connect(kubeconfig: string): Promise<KubeClient> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  return new KubeClient(await accessOf(kubeConfig));
}
