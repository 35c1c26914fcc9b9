import { KubeConfig } from "@kubernetes/client-node";
import { accessOf } from "../../operator/kube/api/access.ts";
import { KubeClient } from "../../operator/kube/api/client.ts";

/** The operator's own client, as the user of a kubeconfig. A question costs it a millisecond, and a process of kubectl a hundred. */
export async function connect(kubeconfig: string): Promise<KubeClient> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  return new KubeClient(await accessOf(kubeConfig));
}
