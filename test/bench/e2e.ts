/**
 * `npm run bench:e2e`: how long people wait, on the test cluster: from apply to the first Job, from apply to a
 * finished thumbnail, from a worker's start to its first word, and what an idle operator keeps in memory.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { WORKER_ENV } from "../../crds/group.ts";
import { until } from "../cluster/until.ts";
import install, { OPERATOR_NAMESPACE, RELEASE } from "../e2e/install.ts";
import { createWorkspace, type Workspace } from "../e2e/workspace.ts";
import { aUnit, from, makeVolume } from "../worker/run-worker.ts";
import { load, type Measurement, median, report } from "./report.ts";

const RUNS = 7;
const repository = resolve(import.meta.dirname, "../..");

const loadBefore = load();
const end = await install();
try {
  const workspace = await createWorkspace("bench");
  workspace.put("meadow.jpg");
  const waits = [];
  for (let run = 0; run < RUNS; run++) waits.push(await thumbnail(workspace, `thumb-${run}`));
  const idleMib = await operatorMib(workspace);
  await workspace.remove();
  execFileSync(process.execPath, ["build.config.ts", "worker"], { cwd: repository, stdio: "ignore" });
  const starts = [];
  for (let run = 0; run < RUNS; run++) starts.push(await firstWordMs());

  const measured = (name: string, runs: number[], unit: string, atMost: number): Measurement => ({
    name,
    value: median(runs),
    unit,
    target: { atMost },
    runs,
  });
  report(
    "e2e",
    [
      measured("apply → first Job created", waits.map(({ jobMs }) => jobMs), "ms", 100),
      measured("apply → Complete, one thumbnail", waits.map(({ completeMs }) => completeMs / 1000), "s", 5),
      measured("worker process start → first progress", starts, "ms", 300),
      { name: "operator RSS, idle", value: idleMib, unit: "MiB", target: { atMost: 120 } },
    ],
    { loadBefore, notes: ["apply is kubectl's own POST: its start-up is not counted; one watch sees all times."] },
  );
} finally {
  await end();
}

/** One MediaJob, created by a POST to the API server, and seen through watches that were open before. */
async function thumbnail({ cluster, namespace }: Workspace, name: string) {
  const manifest = {
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name, namespace },
    spec: {
      sources: [{ name: "meadow", volume: { claimName: "media", path: "in/meadow.jpg" } }],
      outputs: [{ name: "thumb", image: { format: "webp", width: 320 } }],
      destination: { volume: { claimName: "media", path: `out/${name}` } },
    },
  };
  const watch = (kind: string, sees: (line: string) => boolean) => {
    const args = ["get", kind, "--namespace", namespace, "--watch", "--output-watch-events", "--no-headers"];
    const child = spawn(cluster.kubectlPath, args, { env: { ...process.env, KUBECONFIG: cluster.kubeconfig } });
    const seen = new Promise<number>((resolve) => {
      child.stdout.on("data", (chunk) => {
        if (sees(String(chunk))) resolve(performance.now());
      });
    });
    return { seen, stop: () => child.kill() };
  };
  const job = watch("jobs", (line) => line.includes(`${name}-image-0-a1`));
  const done = watch("mediajobs", (line) => line.includes(name) && line.includes("Succeeded"));
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // the watches are open
  const startedAt = performance.now();
  await cluster.kubectl.apply([manifest]);
  const jobAt = await job.seen;
  const doneAt = await done.seen;
  job.stop();
  done.stop();
  return { jobMs: jobAt - startedAt, completeMs: doneAt - startedAt };
}

/** Resident memory of the operator a while after its last work, from its own metrics. */
async function operatorMib({ cluster }: Workspace): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/services/http:${RELEASE}:http/proxy/metrics`;
  const metrics = await until("the operator's metrics", () => cluster.kubectl("get", "--raw", path), { timeoutMs: 20_000 });
  const bytes = /^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1];
  return Number(bytes) / 2 ** 20;
}

/** From starting the bundled worker to its first progress message. */
async function firstWordMs(): Promise<number> {
  const volume = await makeVolume();
  const directory = mkdtempSync(join(tmpdir(), "mediajob-bench-"));
  await volume.put("meadow.jpg", await import("node:fs").then(({ readFileSync }) => readFileSync(join(repository, "examples/media/meadow.jpg"))));
  const unit = aUnit({ family: "image", sources: [from("meadow.jpg")], outputs: [{ name: "t", image: { format: "webp", width: 320 } }] });
  writeFileSync(join(directory, "unit.json"), JSON.stringify(unit));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(repository, "dist/worker.js")], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      [WORKER_ENV.unitFile]: join(directory, "unit.json"),
      [WORKER_ENV.resultFile]: join(directory, "result.json"),
      [WORKER_ENV.scratchDir]: directory,
      [WORKER_ENV.volumes]: JSON.stringify({ media: volume.root }),
      [WORKER_ENV.progress]: "fd:3",
    },
  });
  const elapsedMs = await new Promise<number>((resolve) =>
    child.stdio[3]?.once("data", () => resolve(performance.now() - startedAt)),
  );
  await new Promise((resolve) => child.once("close", resolve));
  rmSync(directory, { recursive: true });
  await volume.remove();
  return elapsedMs;
}
