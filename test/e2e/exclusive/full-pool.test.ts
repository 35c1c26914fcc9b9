import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkspace, onVolume, type Workspace } from "../workspace.ts";

let workspace: Workspace;

beforeAll(async () => {
  workspace = await createWorkspace("full-pool");
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
    queue: { position: 1, reason: "PoolFull", message: "1 units wait for room in pool gpu" },
    units: { pending: 1, running: 0 },
  });
  expect(await workspace.attempts("second")).toEqual([]);

  await workspace.wait("second", "condition=Complete");
  const [first, second] = await Promise.all([workspace.get("first"), workspace.get("second")]);
  expect([first.status?.phase, second.status?.phase]).toEqual(["Succeeded", "Succeeded"]);
  expect(second.status?.queue).toBeUndefined();
  // Times are in whole seconds, so one may start in the second in which the other ends.
  expect(Date.parse(second.status?.startTime ?? "")).toBeGreaterThanOrEqual(
    Date.parse(first.status?.completionTime ?? ""),
  );
  const [pod] = await workspace.pods("second");
  expect(pod?.spec).toMatchObject({
    nodeName: "node-1",
    containers: [{ resources: { limits: { "nvidia.com/gpu": "1" } } }],
  });
});
