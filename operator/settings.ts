import { hostname } from "node:os";
import { parseArgs } from "node:util";

/** Where this replica runs and how it was told to. */
export interface Settings {
  /** Path of the configuration file; defaults count when unset. */
  configurationFile: string | undefined;
  /** Of the HTTP server. */
  port: number;
  /** Name of this replica, e.g. of its pod. */
  name: string;
  /** UID of its pod; unset outside of one. */
  podUid: string | undefined;
  /** Namespace of the leader Lease; the kubeconfig's when unset. */
  namespace: string | undefined;
  /** Address at which the other replicas and the workers reach this one; unset outside a pod. */
  address: string | undefined;
  logLevel: string;
}

const USAGE = "usage: operator [--config FILE] [--port N]";

/** Reads the command line and the environment. @throws Error that says what is wrong where. */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: "string" }, port: { type: "string", default: "8080" } },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`--port ${values.port}: expected a port number; ${USAGE}`);
  }
  return {
    configurationFile: values.config,
    port,
    name: environment.POD_NAME ?? hostname(),
    podUid: environment.POD_UID,
    namespace: environment.POD_NAMESPACE,
    address: environment.POD_IP,
    logLevel: environment.LOG_LEVEL ?? "info",
  };
}
