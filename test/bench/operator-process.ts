import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { freePorts } from "../cluster/free-port.ts";
import { assertAlive, startProcess, stopProcess } from "../cluster/process-registry.ts";
import { until } from "../cluster/until.ts";
import { type ProcessUsage, usageOf } from "./process-usage.ts";
import type { ScaleCluster } from "./scale-cluster.ts";

/** Requests that were answered, by `verb resource`. */
export type Requests = ReadonlyMap<string, number>;

/** The bundled operator, as a process of its own on this machine. */
export interface OperatorProcess {
  /** Of its HTTP server. */
  readonly url: string;
  usage(): ProcessUsage;
  requests(): Promise<Requests>;
  /** Passes of its control loop over any MediaJob. */
  passes(): Promise<number>;
  stop(): Promise<void>;
}

const PROGRAM = resolve(import.meta.dirname, "../../dist/operator.js");

/** Above what any run asks for: how fast it works is measured, not how many it lets run. */
const UNLIMITED = 100_000;

/** As Dockerfile.operator starts it, with the heap that Node gives itself under the chart's memory limit of 512Mi. */
const NODE_OPTIONS = ["--max-semi-space-size=4", "--max-old-space-size=256"];
const ENVIRONMENT = { NODE_ENV: "production", MALLOC_ARENA_MAX: "2", UV_THREADPOOL_SIZE: "64" };

/**
 * @param nodeOptions more arguments of Node itself, e.g. `--cpu-prof`
 * @param configuration more of the operator's configuration
 */
export async function startOperator(
  { api, operatorKubeconfig }: Pick<ScaleCluster, "api" | "operatorKubeconfig">,
  {
    nodeOptions = [],
    configuration = {},
  }: { nodeOptions?: readonly string[]; configuration?: Readonly<Record<string, unknown>> } = {},
): Promise<OperatorProcess> {
  const config = join(api.directory, "operator.yaml");
  const pools = [{ name: "default", concurrency: UNLIMITED }];
  const limits = { concurrency: UNLIMITED, concurrencyPerNamespace: UNLIMITED, pools };
  writeFileSync(config, JSON.stringify({ ...limits, ...configuration }));
  const [port] = await freePorts(1);
  const process_ = startProcess(
    api.directory,
    "operator",
    [process.execPath, ...NODE_OPTIONS, ...nodeOptions, PROGRAM, "--config", config, "--port", String(port)],
    { env: { KUBECONFIG: operatorKubeconfig, POD_NAME: "bench", ...ENVIRONMENT } },
  );
  const scrape = async () => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  await until(
    "the operator's first term",
    async () => {
      assertAlive(process_);
      return /^mediajob_leader 1$/m.test(await scrape());
    },
    { timeoutMs: 60_000 },
  );
  return {
    url: `http://127.0.0.1:${port}`,
    usage: () => usageOf(process_.pid),
    requests: async () => requestsIn(await scrape()),
    passes: async () => {
      const counts = (await scrape()).matchAll(/^mediajob_reconcile_duration_seconds_count\{.*\} (\d+)$/gm);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    stop: () => stopProcess(api.directory, process_, { graceMs: 10_000 }),
  };
}

/** Sums `mediajob_api_request_duration_seconds_count` over response codes. */
function requestsIn(metrics: string): Requests {
  const requests = new Map<string, number>();
  const line =
    /^mediajob_api_request_duration_seconds_count\{verb="(\w+)",resource="(\w+)",code="\d+"\} (\d+)$/gm;
  for (const [, verb, resource, count] of metrics.matchAll(line)) {
    const key = `${verb} ${resource}`;
    requests.set(key, (requests.get(key) ?? 0) + Number(count));
  }
  return requests;
}
