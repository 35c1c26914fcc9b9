import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseProvider } from "../../cluster/cluster.ts";
import { podProcess } from "../../cluster/pod-process.ts";
import { signal } from "../../cluster/process-identity.ts";
import { until } from "../../cluster/until.ts";
import { OPERATOR_NAMESPACE, RELEASE } from "../../e2e/install.ts";
import { createWorkspace, onVolume, type Pod, type Workspace } from "../../e2e/workspace.ts";

const isNative = parseProvider(process.env.MEDIAJOB_TEST_CLUSTER) === "native";
const UNITS = 100;
const KILLS = 10;
const within = ["--namespace", OPERATOR_NAMESPACE];

let workspace: Workspace;

beforeAll(async () => {
  workspace = await createWorkspace("operator-kills");
  workspace.put("walk.mp4");
  const clip = ["-i", join(workspace.files, "in/walk.mp4"), "-t", "0.2", "-vf", "scale=160:-2", "-an"];
  execFileSync("ffmpeg", ["-v", "error", ...clip, join(workspace.files, "in/tiny.mp4")]);
  await scaleOperator(2);
});

afterAll(async () => {
  await scaleOperator(1);
  await workspace?.remove();
});

test.runIf(isNative)(
  "the operator is killed at ten random moments of a hundred units; none is lost, none runs twice",
  async () => {
    const names = Array.from({ length: UNITS }, (_, index) => `clip-${index}`);
    await workspace.start("survivor", {
      sources: names.map((name) => ({ name, ...onVolume("in/tiny.mp4") })),
      // Copied, so that nothing is probed and each source is a unit that takes a moment.
      outputs: [{ name: "web", video: { codec: "copy" } }],
      parallelism: 3,
    });
    // Told when the test fails: these moments show it again.
    const delaysMs = Array.from({ length: KILLS }, () => Math.round(Math.random() * 3_000));
    const moments = `killed after ${delaysMs.join(", ")} ms`;
    for (const delayMs of delaysMs) {
      await sleep(delayMs);
      await killLeader();
    }
    const { status: before } = await workspace.get("survivor");
    expect(before?.phase, `the kills came in its middle; ${moments}`).toBe("Running");

    await workspace.wait("survivor", "condition=Complete", 900);
    const { status } = await workspace.get("survivor");
    expect(status, moments).toMatchObject({
      phase: "Succeeded",
      sources: { total: UNITS, succeeded: UNITS, failed: 0 },
      units: { total: UNITS + 1, succeeded: UNITS + 1, ledger: `${UNITS + 1}s` },
      progress: { percent: 100 },
    });
    expect(status?.outputs, moments).toHaveLength(UNITS);
    expect(status?.attempts, moments).toBeUndefined();
    const once = ["finalize 1", ...names.map((_, index) => `video-${index} 1`)].toSorted();
    expect(await workspace.attempts("survivor"), moments).toEqual(once);
    expect(await workspace.pods("survivor"), moments).toHaveLength(UNITS + 1);
    const made = readdirSync(join(workspace.files, "out/survivor"));
    expect(made.toSorted()).toEqual([".mediajob", ...names].toSorted());
  },
);

/** A second replica takes over at once; else each kill would cost the start of a pod. */
async function scaleOperator(replicas: number): Promise<void> {
  const { kubectl } = workspace.cluster;
  const deployment = [`deployment/${RELEASE}`, ...within];
  await kubectl("scale", ...deployment, `--replicas=${replicas}`);
  await kubectl("rollout", "status", ...deployment, "--timeout=300s");
}

/**
 * Kills the process, which therefore hands nothing over, and waits until another pod leads. The Lease is removed,
 * lest each kill cost the 15 s for which a dead leader is waited for; it has died for sure.
 */
async function killLeader(): Promise<void> {
  const { kubectl } = workspace.cluster;
  const lease = ["lease", "mediajob-operator", ...within];
  const leader = async () => {
    const { spec } = await kubectl.json<{ spec: { holderIdentity: string } }>("get", ...lease);
    return spec.holderIdentity.split(/[@_]/)[0] ?? "";
  };
  const name = await leader();
  const { metadata } = await kubectl.json<Pod>("get", "pod", name, ...within);
  expect(signal(podProcess(metadata.uid, "/app/operator.js"), "SIGKILL")).toBe(true);
  // Else the kubelet would start it again in its pod, each time later.
  await kubectl("delete", "pod", name, ...within, "--grace-period=0", "--force", "--wait=false");
  await kubectl("delete", ...lease, "--ignore-not-found");
  const isAnother = async () => !["", name].includes(await leader().catch(() => ""));
  await until("another leader", isAnother, { timeoutMs: 120_000, everyMs: 100 });
}
