/**
 * `npm run bench:e2e`: how long people wait, on the test cluster: from apply to the first Job, from apply to a
 * finished thumbnail, from a worker's start to its first word, from a worker's violent end to its successor's work, and
 * what an idle operator keeps in memory.
 */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { KubeClient } from "../../operator/kube/api/client.ts";
import { JOBS, MEDIA_JOBS, type StoredMediaJob } from "../../operator/kube/api/resources.ts";
import { connect } from "../cluster/connect.ts";
import { until } from "../cluster/until.ts";
import { install, OPERATOR_NAMESPACE, RELEASE } from "../e2e/install.ts";
import { createWorkspace, type Workspace } from "../e2e/workspace.ts";
import { recoveries } from "./killed-worker.ts";
import { load, type Measurement, median, report } from "./report.ts";
import { workerStarts } from "./worker-start.ts";

const RUNS = 7;
const KILLS = 3;

const loadBefore = load();
const end = await install();
try {
  const workspace = await createWorkspace("bench");
  workspace.put("meadow.jpg");
  workspace.put("walk.mp4");
  const client = await connect(workspace.cluster.kubeconfig);
  const waits = [];
  for (let run = 0; run < RUNS; run++)
    waits.push(await thumbnail(client, workspace.namespace, `thumb-${run}`));
  const recoverySeconds = await recoveries(workspace, KILLS);
  const idleMib = await operatorMib(workspace);
  await client.close();
  await workspace.remove();
  execFileSync(process.execPath, [resolve(import.meta.dirname, "../../build.config.ts"), "worker"]);
  const jobMs = waits.map((wait) => wait.jobMs);
  const completeSeconds = waits.map((wait) => wait.completeMs / 1000);
  report(
    "e2e",
    [
      measured("apply → first Job created", jobMs, "ms", 100),
      measured("apply → Complete, one thumbnail", completeSeconds, "s", 5),
      measured("worker process start → first progress", await workerStarts(RUNS), "ms", 300),
      measured("worker killed → its successor at work", recoverySeconds, "s", 30),
      { name: "operator RSS, idle", value: idleMib, unit: "MiB", target: { atMost: 120 } },
    ],
    { loadBefore, notes: ["Apply is one POST; watches that were open before see the rest, on one clock."] },
  );
} finally {
  await end?.();
}

function measured(name: string, runs: number[], unit: string, atMost: number): Measurement {
  return { name, value: median(runs), unit, target: { atMost }, runs };
}

/** One MediaJob of one thumbnail, from its POST to its first Job and to Succeeded. */
async function thumbnail(client: KubeClient, namespace: string, name: string) {
  const stop = new AbortController();
  const limits = {
    timeoutSeconds: 300,
    overdueMs: 330_000,
    silentMs: 330_000,
    signal: stop.signal,
    namespace,
  };
  const { resourceVersion } = await client.list(MEDIA_JOBS, { namespace });
  const jobs = await client.watch(JOBS, { ...limits, resourceVersion });
  const mediaJobs = await client.watch(MEDIA_JOBS, { ...limits, resourceVersion });
  const seen = async <T>(
    events: AsyncIterable<{ object: T }>,
    is: (object: T) => boolean,
  ): Promise<number> => {
    for await (const { object } of events) if (is(object)) return performance.now();
    throw new Error("the watch ended before what it was opened for");
  };
  const created = seen(jobs, ({ metadata }) => metadata.name.startsWith(name));
  const succeeded = seen(
    mediaJobs,
    (object) => (object as StoredMediaJob).status?.phase === "Succeeded" && object.metadata.name === name,
  );
  const startedAt = performance.now();
  await client.create(MEDIA_JOBS, {
    metadata: { name, namespace },
    spec: {
      sources: [{ name: "meadow", volume: { claimName: "media", path: "in/meadow.jpg" } }],
      outputs: [{ name: "thumb", image: { format: "webp", width: 320 } }],
      destination: { volume: { claimName: "media", path: `out/${name}` } },
    },
  } as unknown as StoredMediaJob); // as a user writes it: the API server fills the defaults in
  const times = { jobMs: (await created) - startedAt, completeMs: (await succeeded) - startedAt };
  stop.abort();
  return times;
}

/** Resident memory of the operator a while after its last work, by its own metrics. */
async function operatorMib({ cluster }: Workspace): Promise<number> {
  await delay(20_000);
  const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/services/http:${RELEASE}:http/proxy/metrics`;
  const metrics = await until("the operator's metrics", () => cluster.kubectl("get", "--raw", path), {
    timeoutMs: 20_000,
  });
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]) / 2 ** 20;
}
