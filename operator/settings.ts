import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { prettifyError } from "zod";
import { type Configuration, configuration } from "./core/configuration.ts";

/** Where this replica runs and how it was told to. */
export interface Settings {
  configuration: Configuration;
  /** Of the HTTP server. */
  port: number;
  /** Name of this replica, e.g. of its pod. */
  name: string;
  /** Namespace of the leader Lease; the kubeconfig's when unset. */
  namespace: string | undefined;
  /** Address at which the other replicas and the workers reach this one; unset outside a pod. */
  address: string | undefined;
  logLevel: string;
}

const USAGE = "usage: operator [--config FILE] [--port N]";

/** Reads the command line, the environment and the configuration file. @throws Error that says what is wrong where. */
export async function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: "string" }, port: { type: "string", default: "8080" } },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`--port ${values.port}: expected a port number; ${USAGE}`);
  }
  return {
    configuration: await readConfiguration(values.config),
    port,
    name: environment.POD_NAME ?? hostname(),
    namespace: environment.POD_NAMESPACE,
    address: environment.POD_IP,
    logLevel: environment.LOG_LEVEL ?? "info",
  };
}

async function readConfiguration(file: string | undefined): Promise<Configuration> {
  if (!file) return configuration.parse({});
  const text = await readFile(file, "utf8");
  const parsed = configuration.safeParse(parse(text) ?? {});
  if (!parsed.success)
    throw new Error(`the configuration ${file} is not valid:\n${prettifyError(parsed.error)}`);
  return parsed.data;
}
