import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inspectVideo } from "./media-file.ts";
import { createWorkspace, onVolume, type Workspace } from "./workspace.ts";

/** What is the matter is where it is made, and not what. */
const brief = { height: 64, preset: "ultrafast", cuts: [{ startSeconds: 0, endSeconds: 1 }] };

/** The one file whose MediaJobs want a GPU while it runs: the node has one, and it counts who waits for it. */
let workspace: Workspace;

beforeAll(async () => {
  workspace = await createWorkspace("accelerators");
  workspace.put("meadow.jpg");
  workspace.put("walk.mp4");
});

afterAll(() => workspace?.remove());

test("a unit that requires a GPU waits while the pool is full, says so, and starts when there is room", async () => {
  const placement = { gpu: "Require" };
  await workspace.start("first", {
    sources: [{ name: "walk", ...onVolume("in/walk.mp4") }],
    outputs: [{ name: "web", video: { height: 240, cuts: [{ startSeconds: 0, endSeconds: 5 }] } }],
    placement,
  });
  await workspace.working("first", "video-0");
  await workspace.start("second", {
    sources: [{ name: "meadow", ...onVolume("in/meadow.jpg") }],
    outputs: [{ name: "small", image: { format: "jpeg", width: 64 } }],
    placement,
  });
  const waiting = await workspace.seen("second", "it says why it waits", ({ status }) => !!status?.queue);
  expect(waiting.status).toMatchObject({
    phase: "Queued",
    // Others may wait before it, for room in another pool.
    queue: {
      position: expect.any(Number),
      reason: "PoolFull",
      message: "1 unit waits for room in pool gpu",
    },
    units: { pending: 1, running: 0 },
  });
  expect(await workspace.attempts("second")).toEqual([]);

  await workspace.wait("second", "condition=Complete");
  const [first, second] = await Promise.all([workspace.get("first"), workspace.get("second")]);
  expect([first.status?.phase, second.status?.phase]).toEqual(["Succeeded", "Succeeded"]);
  expect(second.status?.queue).toBeUndefined();
  const [before] = await workspace.pods("first", "video-0");
  const [pod] = await workspace.pods("second");
  const endedAt = before?.status.containerStatuses?.[0]?.state.terminated?.finishedAt ?? "";
  // Times are in whole seconds, so one may be made in the second in which the other ends.
  expect(Date.parse(pod?.metadata.creationTimestamp ?? "")).toBeGreaterThanOrEqual(Date.parse(endedAt));
  expect(pod?.spec).toMatchObject({
    nodeName: "node-1",
    containers: [{ resources: { limits: { "nvidia.com/gpu": "1" } } }],
  });
});

test("a unit that would rather have a GPU runs on the CPU when none becomes free in time, and says why", async () => {
  const { kubectl } = workspace.cluster;
  const holder = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "holder", namespace: workspace.namespace },
    spec: {
      containers: [
        {
          name: "holder",
          image: "mediajob-worker:dev",
          imagePullPolicy: "Never",
          command: ["sleep", "600"],
          resources: { limits: { "nvidia.com/gpu": "1" } },
        },
      ],
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
      terminationGracePeriodSeconds: 0,
    },
  };
  await kubectl.apply([holder]);
  const within = ["--namespace", workspace.namespace];
  await kubectl("wait", "pod/holder", ...within, "--for=condition=Ready", "--timeout=300s");
  try {
    await workspace.start("third", {
      sources: [{ name: "walk", ...onVolume("in/walk.mp4") }],
      outputs: [{ name: "web", video: brief }],
      placement: { pool: "no-encoder" },
    });
    await workspace.wait("third", "condition=Complete");
  } finally {
    await kubectl("delete", "pod", "holder", ...within, "--wait=false");
  }
  const { status } = await workspace.get("third");
  expect(status).toMatchObject({
    phase: "Succeeded",
    attempts: [{ unit: "video-0", attempt: 1, class: "hardware", reason: "HardwareUnavailable" }],
  });
  expect(status?.attempts?.[0]?.message).toContain("Insufficient nvidia.com/gpu");
  expect(await withoutGpu("third")).toEqual([
    expect.stringMatching(/nvidia.com.gpu.*runs without an accelerator/),
  ]);
  const [pod] = await workspace.pods("third");
  expect(pod?.spec.nodeName).toBe("node-0");
});

test("it does so where a quota has no accelerator for it, in the words of the API server", async () => {
  const { kubectl } = workspace.cluster;
  const within = ["--namespace", workspace.namespace];
  const metadata = { name: "few", namespace: workspace.namespace };
  const hard = { "requests.nvidia.com/gpu": "0" };
  await kubectl.apply([{ apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } }]);
  // Until it is counted, other words refuse.
  await kubectl("wait", "quota/few", ...within, "--for=jsonpath={.status.used}", "--timeout=60s");
  try {
    await workspace.start("fourth", {
      sources: [{ name: "walk", ...onVolume("in/walk.mp4") }],
      outputs: [{ name: "web", video: brief }],
      placement: { pool: "no-encoder" },
    });
    await workspace.wait("fourth", "condition=Complete");
  } finally {
    await kubectl("delete", "quota", "few", ...within);
  }
  const { status } = await workspace.get("fourth");
  expect(status).toMatchObject({ phase: "Succeeded", attempts: [{ reason: "HardwareUnavailable" }] });
  expect(await withoutGpu("fourth")).toEqual([
    expect.stringMatching(/exceeded quota: few.*runs without an accelerator/),
  ]);
});

test("a unit whose hardware encoder is missing is made on the CPU, and the status and an Event say why", async () => {
  await workspace.start("no-encoder", {
    sources: [{ name: "walk", ...onVolume("in/walk.mp4") }],
    outputs: [{ name: "web", video: brief }],
    placement: { pool: "no-encoder" },
  });
  await workspace.wait("no-encoder", "condition=Complete");
  const { status } = await workspace.get("no-encoder");
  expect(status).toMatchObject({
    phase: "Succeeded",
    attempts: [
      { unit: "video-0", attempt: 1, class: "hardware", reason: "HardwareUnavailable", node: "node-1" },
    ],
  });
  const pods = await workspace.pods("no-encoder");
  expect(pods.map(({ spec: { nodeName, containers } }) => [nodeName, gpusOf(containers)])).toEqual([
    ["node-1", "1"],
    ["node-0", undefined],
  ]);
  expect(await withoutGpu("no-encoder")).toEqual([
    expect.stringMatching(/nvenc.*runs without an accelerator/),
  ]);
  expect(inspectVideo(join(workspace.files, "out/no-encoder/walk/web.mp4"))).toMatchObject({ height: 64 });
});

const gpusOf = (containers: { resources: { limits: Record<string, string> } }[]) =>
  containers[0]?.resources.limits["nvidia.com/gpu"];

/** What Events say of a MediaJob's units that do without. */
async function withoutGpu(name: string): Promise<string[]> {
  const { items } = await workspace.cluster.kubectl.json<{ items: { message: string }[] }>(
    ...["get", "events", "--namespace", workspace.namespace],
    ...["--field-selector", `reason=RunsWithoutGpu,involvedObject.name=${name}`],
  );
  return items.map(({ message }) => message);
}
