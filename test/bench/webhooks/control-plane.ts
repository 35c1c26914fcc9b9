import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeClient } from "../../../operator/kube/api/client.ts";
import { connect } from "../../cluster/connect.ts";
import { type StandaloneApiServer, startApiServer } from "../../cluster/standalone-api-server.ts";

export const NAMESPACE = "bench";

/** What `webhook-secret` holds. */
const SECRET = `whsec_${Buffer.from("of the receivers and the operator").toString("base64")}`;

/** A real API server and nothing else: what a controller or a kubelet would do, the benchmark does itself. */
export interface ControlPlane {
  readonly api: StandaloneApiServer;
  readonly operatorKubeconfig: string;
  readonly client: KubeClient;
  stop(): Promise<void>;
}

export async function startControlPlane(): Promise<ControlPlane> {
  const api = await startApiServer();
  try {
    const client = await connect(api.kubeconfig);
    await api.kubectl.apply(
      readFileSync(join(import.meta.dirname, "../../../crds/mediajob.dev_mediajobs.yaml"), "utf8"),
    );
    const metadata = { namespace: NAMESPACE };
    await api.kubectl.apply([
      { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { ...metadata, name: "default" } },
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { ...metadata, name: "webhook-secret" },
        stringData: { secret: SECRET },
      },
    ]);
    await api.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s");
    const stop = async () => {
      await client.close();
      await api.stop();
    };
    return { api, operatorKubeconfig: api.kubeconfig, client, stop };
  } catch (error) {
    await api.stop();
    throw error;
  }
}
