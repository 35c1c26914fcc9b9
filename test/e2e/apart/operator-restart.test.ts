import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import { binaries } from "../../cluster/binaries.ts";
import { until } from "../../cluster/until.ts";
import { followEvents, type StatusEvent } from "../event-stream.ts";
import { OPERATOR_NAMESPACE } from "../install.ts";
import { type Receiver, startReceiver } from "../webhook-receiver.ts";
import { createWorkspace, onVolume, type Workspace } from "../workspace.ts";

/**
 * One MediaJob that is suspended at first and resumed; then its receiver is down for 30 s, and the operator is killed
 * in the middle. Everybody who waits for it - by webhook, by Server-Sent Events, by `mediajob watch`, by
 * `kubectl get -w` - learns the truth.
 */
const OUTAGE_MS = 30_000;
const repository = join(import.meta.dirname, "../../..");

let workspace: Workspace;
let receiver: Receiver;
let status: MediaJobStatus;
let watched: { said: string; code: number };
let listed: string;
let streamed: { before: readonly StatusEvent[]; after: readonly StatusEvent[] };

beforeAll(async () => {
  workspace = await createWorkspace("operator-restart");
  workspace.put("walk.mp4");
  const { cluster, namespace, seen } = workspace;
  const within = ["--namespace", namespace];
  receiver = await startReceiver(cluster.hostAddress);
  await cluster.kubectl(
    "create",
    "secret",
    "generic",
    "hook",
    ...within,
    `--from-literal=secret=${receiver.secret}`,
  );
  await cluster.kubectl("create", "serviceaccount", "gallery", ...within);
  const binding = ["rolebinding", "gallery", "--clusterrole=view", `--serviceaccount=${namespace}:gallery`];
  await cluster.kubectl("create", ...binding, ...within);
  await workspace.start("survivor", {
    sources: ["a", "b", "c", "d"].map((name) => ({ name, ...onVolume("in/walk.mp4") })),
    outputs: [{ name: "web", video: { height: 240, preset: "veryfast" } }],
    parallelism: 2,
    suspend: true,
    webhooks: [{ name: "receiver", url: receiver.url, secretRef: { name: "hook" } }],
  });
  await seen(
    "survivor",
    "its first event was delivered",
    ({ status }) => status?.webhooks?.[0]?.delivered === 1,
  );
  const watching = follow(process.execPath, join(repository, "operator/cli/main.ts"), "watch", "survivor");
  await until("`mediajob watch` to begin", async () => watching.said().includes("\n"), { timeoutMs: 60_000 });
  const { kubectl } = await binaries("kubectl");
  const listing = follow(kubectl, "get", "mj", "survivor", "--watch", "--output", "wide");
  const token = (await cluster.kubectl("create", "token", "gallery", ...within)).trim();
  const stream = { kubeconfig: cluster.kubeconfig, path: `/jobs/${namespace}/survivor/events`, token };
  const first = await followEvents(stream);

  receiver.isDown = true;
  const outage = sleep(OUTAGE_MS);
  await workspace.patch("survivor", { suspend: false });
  const done = ({ units }: MediaJobStatus) => units?.succeeded ?? 0;
  await seen("survivor", "some units ended and some did not", ({ status = {} }) => done(status) >= 2);
  // No grace: the process is killed, not asked.
  const pod = ["pod", "--namespace", OPERATOR_NAMESPACE, "--selector", "app.kubernetes.io/name=mediajob"];
  await cluster.kubectl("delete", ...pod, "--grace-period=0", "--force", "--wait=false");
  await first.over;
  await cluster.kubectl(
    "rollout",
    "status",
    "deployment/mediajob",
    "--namespace",
    OPERATOR_NAMESPACE,
    "--timeout=300s",
  );
  const second = await followEvents({ ...stream, lastId: first.events.at(-1)?.id });

  await workspace.wait("survivor", "condition=Complete");
  await second.over; // it ends by itself
  await outage;
  receiver.isDown = false;
  const told = await seen("survivor", "its outbox is empty", ({ status }) =>
    (status?.webhooks ?? []).every(({ pending }) => pending.length === 0),
  );
  status = told.status ?? {};
  watched = { code: await watching.code, said: watching.said() };
  await until("`kubectl get -w` to tell of its end", async () => / Succeeded /.test(listing.said()), {
    timeoutMs: 60_000,
  });
  listing.end();
  listed = listing.said();
  streamed = { before: first.events, after: second.events };
});

afterAll(async () => {
  await receiver?.close();
  await workspace?.remove();
});

test("the job ends once, and no unit runs twice", async () => {
  expect(status).toMatchObject({ phase: "Succeeded", units: { succeeded: 6, ledger: "6s" } });
  const once = ["finalize 1", "probe-0 1", "video-0 1", "video-1 1", "video-2 1", "video-3 1"];
  expect(await workspace.attempts("survivor")).toEqual(once);
  const pods = await workspace.pods("survivor");
  const labelled = pods.map(
    ({ metadata: { labels } }) => `${labels["mediajob.dev/unit"]} ${labels["mediajob.dev/attempt"]}`,
  );
  expect(labelled.toSorted()).toEqual(once);
});

test("the receiver gets every transition, once by its id, in order, though it was down for 30 s", () => {
  expect(receiver.events.map(({ sequence, type, phase }) => [sequence, type, phase])).toEqual([
    [1, "job.suspended", "Suspended"],
    [2, "job.resumed", "Planning"],
    [3, "job.started", "Running"],
    [4, "job.completed", "Succeeded"],
  ]);
  expect(receiver.forged).toBe(0);
  expect(receiver.refused).toBeGreaterThan(1);
  expect(status.webhooks).toMatchObject([{ pending: [], delivered: 4, deadLetters: 0 }]);
});

test("the history in the status tells the same", () => {
  expect(status.history?.map(({ from, to, reason }) => [from, to, reason])).toEqual([
    [undefined, "Suspended", "Suspended"],
    ["Suspended", "Planning", "Resumed"],
    ["Planning", "Running", "UnitsRunning"],
    ["Running", "Succeeded", "Succeeded"],
  ]);
});

test("a reader of Server-Sent Events sees each state once, and after it comes back what it missed", () => {
  const { before, after } = streamed;
  expect(before[0]?.status.phase).toBe("Suspended");
  expect(before.at(-1)?.status.phase).toBe("Running");
  expect(after.at(-1)?.status).toMatchObject({ phase: "Succeeded", progress: { percent: 100 } });
  const all = [...before, ...after];
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  const percents = all.map(({ status }) => status.progress?.percent ?? 0);
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
});

test("`mediajob watch` shows it come along to its end, and ends with its result", () => {
  const { said, code } = watched;
  expect(code).toBe(0);
  expect(said).toMatch(/^survivor {2}Suspended {2}0%/m);
  expect(said).toMatch(/^survivor {2}Running {2}\d+% {2}[1-5]\/6 units {2}ETA /m);
  expect(said).toMatch(/^survivor {2}Succeeded {2}100% {2}6\/6 units/m);
});

test("`kubectl get mj -w` shows its phase, progress and units in columns", () => {
  expect(listed).toMatch(/^NAME +PHASE +PROGRESS +DONE +QUEUE +STAGE +ETA +MESSAGE +AGE$/m);
  expect(listed).toMatch(/^survivor +Suspended +0% +0\/1 +Suspended +spec.suspend is set /m);
  expect(listed).toMatch(
    /^survivor +Running +\d+% +[1-5]\/6 +(\w+ +)?video +\d+ +\d units? runs?, [1-5] of 6 ended /m,
  );
  expect(listed).toMatch(/^survivor +Succeeded +100% +6\/6 .*all 4 units succeeded/m);
});

/** A program that follows the cluster: what it has said so far, where no terminal is, and its exit code once it ends. */
function follow(program: string, ...args: string[]) {
  const child = spawn(program, [...args, "--namespace", workspace.namespace], {
    env: { ...process.env, KUBECONFIG: workspace.cluster.kubeconfig },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
    });
  }
  const code = once(child, "close").then(([code]) => code as number);
  return { said: () => said, code, end: () => void child.kill() };
}
