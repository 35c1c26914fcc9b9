/**
 * Where the API server is and how we prove who we are. Owns reading the configuration, through the KubeConfig of
 * @kubernetes/client-node; nothing else of that package is used at run time. Sends no request itself.
 */
import type { RequestOptions } from "node:https";
import type { ConnectionOptions } from "node:tls";
import type { KubeConfig } from "@kubernetes/client-node";
import { type Clock, systemClock } from "../clock.ts";

export interface ApiAccess {
  readonly server: URL;
  /** Read once: a new CA or client certificate takes a restart. */
  readonly tls: Pick<ConnectionOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;
  /** The namespace of the current context, or of our own pod. */
  readonly namespace: string;
  /** The headers that authenticate a request. Tokens are looked up anew, see `CREDENTIALS_FRESH_MS`. */
  headers(): Promise<Readonly<Record<string, string>>>;
  /** To be told of a 401: the next request looks its credentials up anew. */
  rejected(): void;
}

/**
 * KubeConfig itself holds a token file's content for 60 s and an exec plugin's until it expires. The kubelet writes a
 * new token when a fifth of the old one's life is left, at least two minutes, so ours is never stale.
 */
const CREDENTIALS_FRESH_MS = 30_000;

/** From $KUBECONFIG, else ~/.kube/config, else the pod's service account. */
export async function loadAccess(): Promise<ApiAccess> {
  // Loaded by who asks for a cluster, and not by all that may: the package takes longer than the rest together.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  if (kubeConfig.getCurrentCluster()?.server === NOWHERE)
    throw new Error("there is none: set KUBECONFIG, or put one at ~/.kube/config");
  return await accessOf(kubeConfig);
}

/** What KubeConfig makes up where it finds nothing. */
const NOWHERE = "http://localhost:8080";

export async function accessOf(kubeConfig: KubeConfig, clock: Clock = systemClock): Promise<ApiAccess> {
  const cluster = kubeConfig.getCurrentCluster();
  if (!cluster) {
    const context = kubeConfig.getCurrentContext();
    throw new Error(
      `the kubeconfig's current context "${context}" names no cluster: set it by \`kubectl config use-context\``,
    );
  }
  if (cluster.proxyUrl) {
    throw new Error(
      `cluster "${cluster.name}" of the kubeconfig has a proxy-url, which is not supported: reach the API server directly`,
    );
  }
  const { ca, cert, key, servername, rejectUnauthorized } = await secured(kubeConfig);
  const tls = Object.fromEntries(
    Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  let headers: Promise<Record<string, string>> | null = null;
  let readAt = 0;
  const forget = () => {
    headers = null;
  };
  return {
    server: new URL(cluster.server),
    tls,
    namespace: kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace?.trim() || "default",
    headers: () => {
      if (headers && clock.now() - readAt < CREDENTIALS_FRESH_MS) return headers;
      readAt = clock.now();
      headers = secured(kubeConfig).then(authenticating);
      headers.catch(forget); // the request fails with the reason; the next one tries again
      return headers;
    },
    rejected: forget,
  };
}

async function secured(kubeConfig: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await kubeConfig.applyToHTTPSOptions(options);
  return options;
}

function authenticating({ headers, auth }: RequestOptions): Record<string, string> {
  const basic = auth ? { authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {};
  return { ...(headers as Record<string, string> | undefined), ...basic };
}
