import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { ApiServer } from "../cluster/api-server.ts";
import { binaries } from "../cluster/binaries.ts";
import { type Kubectl, kubectlFor } from "../cluster/kubectl.ts";
import { withLock } from "../cluster/lock.ts";
import { type StandaloneApiServer, startApiServer, stopApiServer } from "../cluster/standalone-api-server.ts";
import { until } from "../cluster/until.ts";

/**
 * One API server, with the definition of MediaJob, for all files that change nothing in it but objects of their own
 * names or namespaces: starting one takes 3 s and as much of both cores. The first file that asks starts it; it ends
 * with the test run.
 */
export type SharedApiServer = Omit<StandaloneApiServer, "stop">;

/** What the run tells its files. */
interface Run {
  readonly directory: string;
  /** The process whose end is the server's. */
  readonly owner: number;
}

declare module "vitest" {
  interface ProvidedContext {
    runOfApiServer: Run;
  }
}

const crd = join(import.meta.dirname, "../../crds/mediajob.dev_mediajobs.yaml");

/** @param run `inject("runOfApiServer")`, which works in test files alone */
export async function sharedApiServer({ directory, owner }: Run): Promise<SharedApiServer> {
  return await withLock(join(directory, "lock"), async () => {
    const { kubectl } = await binaries("kubectl");
    const running = readRecord(directory);
    if (running) return { ...running, kubectl: kubectlFor(kubectl, running.kubeconfig) };
    const { stop: _, kubectl: bound, ...server } = await startApiServer({ owner });
    writeFileSync(recordPath(directory), JSON.stringify(server));
    await define(bound);
    return { ...server, kubectl: bound };
  });
}

/** Vitest's global setup of the projects whose files share one. */
export default function setup(project: TestProject): () => Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "mediajob-shared-api-server-"));
  project.provide("runOfApiServer", { directory, owner: process.pid });
  return async () => {
    const server = readRecord(directory);
    if (server) await stopApiServer(server.directory);
    rmSync(directory, { recursive: true });
  };
}

async function define(kubectl: Kubectl): Promise<void> {
  await kubectl("apply", "--filename", crd);
  // Not `kubectl wait`: it fails while the definition, just applied, has no conditions at all.
  await until("the CustomResourceDefinition", async () => (await kubectl("get", "mediajobs")) === "", {
    timeoutMs: 30_000,
  });
}

type Recorded = ApiServer & Pick<StandaloneApiServer, "directory">;

const recordPath = (directory: string) => join(directory, "server.json");

function readRecord(directory: string): Recorded | undefined {
  const path = recordPath(directory);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Recorded) : undefined;
}
