import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseProvider } from "../../cluster/cluster.ts";
import { hideImage } from "../../cluster/images.ts";
import { nodes } from "../../cluster/layout.ts";
import { createWorkspace, onVolume, type Workspace } from "../workspace.ts";

let workspace: Workspace;

const isNative = parseProvider(process.env.MEDIAJOB_TEST_CLUSTER) === "native";
const outputs = [{ name: "thumb", image: { format: "webp", width: 64 } }];

beforeAll(async () => {
  workspace = await createWorkspace("stalled");
  workspace.put("meadow.jpg");
  workspace.put("walk.mp4");
});

afterAll(() => workspace?.remove());

describe.concurrent("what does not start says so, in the cluster's own words", () => {
  test("a claim that is missing; the unit starts as soon as somebody makes it", async () => {
    await workspace.start("homeless", {
      sources: [{ name: "meadow", volume: { claimName: "absent", path: "in/meadow.jpg" } }],
      outputs,
    });
    expect(await stalledOf("homeless")).toMatchObject({
      reason: "Unschedulable",
      message: expect.stringContaining('persistentvolumeclaim "absent" not found'),
    });
    const { path } = await workspace.cluster.createMediaVolume("absent", { namespace: workspace.namespace });
    workspace.put("meadow.jpg", `../${path.split("/").at(-1)}/in/meadow.jpg`);
    await workspace.wait("homeless", "condition=Complete");
    const { status } = await workspace.get("homeless");
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Stalled", status: "False", reason: "Succeeded" }),
    );
    expect(await workspace.attempts("homeless")).toEqual(["image-0 1"]);
  });

  test("a quota that is used up", async () => {
    await workspace.cluster.kubectl.apply([
      {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "little", namespace: workspace.namespace },
        spec: { hard: { "requests.memory": "1500Mi" } },
      },
    ]);
    await workspace.start("greedy", {
      sources: [{ name: "walk", ...onVolume("in/walk.mp4") }],
      outputs: [{ name: "web", video: { height: 240 } }],
      resources: { memoryMultiplier: 2 },
    });
    expect(await stalledOf("greedy")).toMatchObject({
      reason: "FailedCreate",
      message: expect.stringContaining("exceeded quota: little"),
    });
  });

  test("a quota of Jobs that is used up; it starts when there is room again", async () => {
    const full = await createWorkspace("full");
    try {
      full.put("meadow.jpg");
      const metadata = { name: "jobs", namespace: full.namespace };
      const quota = {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata,
        spec: { hard: { "count/jobs.batch": "0" } },
      };
      await full.cluster.kubectl.apply([quota]);
      // Until the quota controller has counted, the API server refuses with other words.
      await full.start("late", { sources: [{ name: "meadow", ...onVolume("in/meadow.jpg") }], outputs });
      const { status } = await full.seen("late", "it is Stalled", (job) => isStalled(job.status));
      expect(status).toMatchObject({ phase: "Queued", queue: { reason: "UnitCreationRejected" } });
      expect(status?.conditions?.find(({ type }) => type === "Stalled")).toMatchObject({
        reason: "UnitCreationRejected",
        message: expect.stringContaining('jobs.batch "late-image-0-a1" is forbidden'),
      });
      await full.cluster.kubectl("-n", full.namespace, "delete", "resourcequota", "jobs");
      await full.wait("late", "condition=Complete");
      expect(await full.attempts("late")).toEqual(["image-0 1"]);
    } finally {
      await full.remove();
    }
  });

  test.runIf(isNative)("an image that cannot be pulled", async () => {
    const [, gpuNode] = nodes;
    if (!gpuNode) throw new Error("the cluster has no GPU node");
    const putBack = await hideImage(gpuNode, "mediajob-worker:dev");
    try {
      await workspace.start("imageless", {
        sources: [{ name: "meadow", ...onVolume("in/meadow.jpg") }],
        outputs,
        placement: { gpu: "Require" },
      });
      const { reason, message } = await stalledOf("imageless");
      expect(["ErrImagePull", "ImagePullBackOff"]).toContain(reason);
      expect(message).toContain("mediajob-worker:dev");
    } finally {
      await putBack();
    }
    await workspace.wait("imageless", "condition=Complete");
    expect(await workspace.attempts("imageless")).toEqual(["image-0 1"]);
  });
});

async function stalledOf(name: string): Promise<{ reason: string; message: string }> {
  const job = await workspace.seen(name, "it is Stalled", ({ status }) => isStalled(status));
  expect(job.status).toMatchObject({ phase: "Running", units: { running: 1, failed: 0 } });
  const condition = job.status?.conditions?.find(({ type }) => type === "Stalled");
  if (!condition) throw new Error(`MediaJob ${name} has no condition Stalled`);
  return condition;
}

const isStalled = (status: Awaited<ReturnType<Workspace["get"]>>["status"]): boolean =>
  status?.conditions?.some(({ type, status }) => type === "Stalled" && status === "True") ?? false;
