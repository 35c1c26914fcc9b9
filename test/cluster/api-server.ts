import { mkdirSync, readFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { binaries } from "./binaries.ts";
import { createAuthority, createSigningKey, issueCertificate, type KeyPair } from "./certificates.ts";
import { startEtcd } from "./etcd.ts";
import { freePorts } from "./free-port.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { assertAlive, startProcess } from "./process-registry.ts";
import { until } from "./until.ts";

export interface ApiServerOptions {
  /** The address that pods and kubelets reach it by. Default: loopback, for a cluster without nodes. */
  readonly advertiseAddress?: string;
  /** Default: any free port. */
  readonly port?: number;
  readonly serviceNetwork?: { readonly cidr: string; readonly apiServerAddress: string };
  /** More arguments of kube-apiserver, one token each, for example "--feature-gates=X=true". */
  readonly extraArguments?: readonly string[];
}

export interface ApiServer {
  readonly url: string;
  readonly authority: KeyPair;
  /** The administrator's: system:masters. */
  readonly admin: KeyPair;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** What signs service account tokens; kube-controller-manager wants it too. */
  readonly signingKey: string;
}

/**
 * Starts etcd and kube-apiserver below `directory`, which must be new, and returns once it is ready. Nothing else
 * runs: no controllers, no scheduler, no nodes.
 */
export async function startEtcdAndApiServer(
  directory: string,
  options: ApiServerOptions = {},
): Promise<ApiServer> {
  const { "kube-apiserver": binary } = await binaries("etcd", "kube-apiserver");
  const address = options.advertiseAddress ?? "127.0.0.1";
  const isLocal = address === "127.0.0.1";
  const service = options.serviceNetwork ?? { cidr: "10.96.0.0/16", apiServerAddress: "10.96.0.1" };
  const [etcd, identities, [freePort]] = await Promise.all([
    startEtcd(directory),
    createIdentities(join(directory, "certificates"), ["127.0.0.1", address, service.apiServerAddress]),
    freePorts(1),
  ]);
  const { authority, server, admin, kubeletClient, signing } = identities;
  const port = options.port ?? freePort;
  const process = startProcess(directory, "kube-apiserver", [
    binary,
    `--etcd-servers=${etcd.url}`,
    `--secure-port=${port}`,
    `--bind-address=${isLocal ? address : "0.0.0.0"}`,
    `--advertise-address=${address}`,
    `--endpoint-reconciler-type=${isLocal ? "none" : "master-count"}`, // an Endpoints object refuses loopback
    `--service-cluster-ip-range=${service.cidr}`,
    `--tls-cert-file=${server.certificate}`,
    `--tls-private-key-file=${server.key}`,
    `--client-ca-file=${authority.certificate}`,
    `--kubelet-client-certificate=${kubeletClient.certificate}`,
    `--kubelet-client-key=${kubeletClient.key}`,
    "--kubelet-preferred-address-types=InternalIP", // nothing resolves the nodes' names
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${signing.publicKey}`,
    `--service-account-signing-key-file=${signing.key}`,
    "--authorization-mode=Node,RBAC",
    "--allow-privileged=true",
    "--profiling=false",
    ...(options.extraArguments ?? []),
  ]);
  const url = `https://${address}:${port}`;
  const kubeconfig = join(directory, "admin.kubeconfig");
  writeKubeconfig(kubeconfig, url, authority, admin);
  await until(
    "kube-apiserver",
    async () => {
      assertAlive(process);
      return await isReady({ url, authority, admin });
    },
    { timeoutMs: 60_000, everyMs: 20 },
  );
  return { url, authority, admin, kubeconfig, signingKey: signing.key };
}

/** Asks /readyz. It turns true only when the bootstrap roles and the system's namespaces exist. */
export function isReady({
  url,
  authority,
  admin,
}: Pick<ApiServer, "url" | "authority" | "admin">): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const tls = {
    ca: readFileSync(authority.certificate),
    cert: readFileSync(admin.certificate),
    key: readFileSync(admin.key),
  };
  const request = get(`${url}/readyz`, { ...tls, timeout: 2000, agent: false }, (response) => {
    let body = "";
    response.on("data", (chunk) => {
      body += chunk;
    });
    response.on("end", () => {
      if (response.statusCode === 200) resolve(true);
      else reject(new Error(`${url}/readyz says ${response.statusCode}: ${body.trim()}`));
    });
  });
  request.on("timeout", () => request.destroy(new Error(`${url}/readyz does not answer`)));
  request.on("error", reject);
  return promise;
}

async function createIdentities(directory: string, addresses: readonly string[]) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const authority = await createAuthority(directory, "mediajob-test-cluster");
  const kubernetes = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  const [server, admin, kubeletClient, signing] = await Promise.all([
    issueCertificate(directory, authority, "kube-apiserver", {
      commonName: "kube-apiserver",
      dnsNames: ["localhost", ...kubernetes],
      addresses: [...new Set(addresses)],
    }),
    issueCertificate(directory, authority, "admin", { commonName: "admin", organization: "system:masters" }),
    issueCertificate(directory, authority, "kubelet-client", {
      commonName: "kube-apiserver-kubelet-client",
      organization: "system:masters",
    }),
    createSigningKey(directory, "service-account"),
  ]);
  return { authority, server, admin, kubeletClient, signing };
}
