import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseProvider } from "../../cluster/cluster.ts";
import { killPart } from "../../cluster/outage.ts";
import { podProcess } from "../../cluster/pod-process.ts";
import { signal } from "../../cluster/process-identity.ts";
import { until } from "../../cluster/until.ts";
import { inspectVideo } from "../media-file.ts";
import { createWorkspace, onVolume, type Workspace } from "../workspace.ts";

let workspace: Workspace;

const isNative = parseProvider(process.env.MEDIAJOB_TEST_CLUSTER) === "native";
const sources = [{ name: "walk", ...onVolume("in/walk.mp4") }];
const outputs = [{ name: "web", video: { height: 240, cuts: [{ startSeconds: 0, endSeconds: 5 }] } }];

beforeAll(async () => {
  workspace = await createWorkspace("lost-work");
  workspace.put("walk.mp4");
});

afterAll(() => workspace?.remove());

describe.runIf(isNative).concurrent("work that is lost is done again", () => {
  test("a worker that is killed; its successor removes what it left", async () => {
    await workspace.start("killed", { sources, outputs });
    const { metadata } = await workspace.working("killed", "video-0");
    expect(signal(podProcess(metadata.uid, "/app/worker.js"), "SIGKILL")).toBe(true);
    await workspace.wait("killed", "condition=Complete");
    const { status } = await workspace.get("killed");
    expect(status).toMatchObject({
      phase: "Succeeded",
      attempts: [{ unit: "video-0", attempt: 1, exitCode: 137, class: "memory" }],
      units: { ledger: "1s" },
    });
    expect(await workspace.attempts("killed")).toEqual(["video-0 1", "video-0 2"]);
    // The end of its pod was told before its successor was made, which so waited for no silent node; and nothing is waited
    // for after a failure of that class.
    const [, second] = await workspace.pods("killed", "video-0");
    const madeMs = Date.parse(second?.metadata.creationTimestamp ?? "");
    expect(madeMs).toBeGreaterThanOrEqual(Date.parse(status?.attempts?.[0]?.endTime ?? ""));
    expect(workspace.staged("killed")).toEqual([]);
    isWhole("killed");
  });

  test("a node that stops answering; the unit completes on the other, and its first pod ends when the node is back", async () => {
    const { kubectl } = workspace.cluster;
    await kubectl("cordon", "node-0");
    await workspace.start("stranded", { sources, outputs, placement: { pool: "anywhere" } });
    const stranded = await workspace
      .working("stranded", "video-0")
      .finally(() => kubectl("uncordon", "node-0"));
    expect(stranded.spec.nodeName).toBe("node-1");
    const restart = await killPart("kubelet-node-1");
    try {
      await workspace.wait("stranded", "condition=Complete");
    } finally {
      restart();
    }
    const { status } = await workspace.get("stranded");
    expect(status).toMatchObject({
      phase: "Succeeded",
      attempts: [{ unit: "video-0", attempt: 1, class: "disruption", reason: "NodeLost", node: "node-1" }],
      units: { ledger: "1s" },
    });
    const second = (await workspace.pods("stranded")).at(-1);
    expect(second).toMatchObject({ spec: { nodeName: "node-0" }, status: { phase: "Succeeded" } });
    isWhole("stranded");

    await until(
      "the end of the stranded attempt",
      async () => (await workspace.attempts("stranded")).join() === "video-0 2",
      { timeoutMs: 120_000, everyMs: 500 },
    );
    await kubectl("wait", "node/node-1", "--for=condition=Ready", "--timeout=300s");
    expect((await workspace.get("stranded")).status).toEqual(status);
    expect(workspace.staged("stranded")).toEqual([]);
    isWhole("stranded");
  });
});

function isWhole(job: string): void {
  expect(inspectVideo(join(workspace.files, "out", job, "walk/web.mp4"))).toMatchObject({
    width: 426,
    height: 240,
    frames: 125,
    decodeErrors: "",
  });
}
