import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binaries, sourceOf } from "./binaries.ts";
import { issueCertificate } from "./certificates.ts";
import { freePorts } from "./free-port.ts";
import { type RecordedProcess, startProcess } from "./process-registry.ts";
import type { StandaloneApiServer } from "./standalone-api-server.ts";

/**
 * Kueue's own definitions and its manager, as a process beside the API server. Its webhooks are not registered: they
 * suspend Jobs that nobody suspended, and refuse manifests that are not ours.
 */
export async function startKueue(api: StandaloneApiServer): Promise<RecordedProcess> {
  const { kueue } = await binaries("kueue");
  const definitions = join(await sourceOf("kueue"), "config/components/crd/bases");
  const yaml = readdirSync(definitions).map((name) => readFileSync(join(definitions, name), "utf8"));
  // Too long for the annotation that a client-side apply leaves.
  await api.kubectl.apply(yaml.join("\n---\n"), "--server-side");
  await api.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=300s");

  const directory = join(api.directory, "kueue");
  const certificates = join(directory, METRICS_CERTIFICATES);
  mkdirSync(certificates, { recursive: true });
  const pair = await issueCertificate(join(api.directory, "certificates"), api.authority, "kueue", {
    commonName: "kueue",
    dnsNames: ["localhost"],
  });
  copyFileSync(pair.certificate, join(certificates, "tls.crt"));
  copyFileSync(pair.key, join(certificates, "tls.key"));
  const [webhookPort, healthPort] = await freePorts(2);
  const config = join(directory, "config.yaml");
  writeFileSync(
    config,
    JSON.stringify({
      apiVersion: "config.kueue.x-k8s.io/v1beta2",
      kind: "Configuration",
      health: { healthProbeBindAddress: `127.0.0.1:${healthPort}` },
      metrics: { bindAddress: "0" },
      webhook: { host: "127.0.0.1", port: webhookPort, certDir: certificates },
      internalCertManagement: { enable: false },
      leaderElection: { leaderElect: false },
      integrations: { frameworks: ["batch/job"] },
    }),
  );
  const command = [kueue, `--config=${config}`, "--feature-gates=VisibilityOnDemand=false"];
  // Its own view of /etc, for the certificates; for the superuser only, as the test cluster is.
  const see = `mount -t overlay overlay -o lowerdir=${join(directory, "etc")}:/etc /etc && exec "$@"`;
  return startProcess(api.directory, "kueue", ["unshare", "--mount", "sh", "-c", see, "kueue", ...command], {
    env: { KUBECONFIG: api.kubeconfig },
  });
}

/** Where it looks for them, whatever its configuration says and though it serves no metrics. */
const METRICS_CERTIFICATES = "etc/kueue/metrics/certs";
