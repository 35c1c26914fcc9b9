import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { killPart } from "../cluster/outage.ts";
import { until } from "../cluster/until.ts";
import { onVolume, type Workspace } from "./workspace.ts";

/**
 * A MediaJob whose video is made while the API server is away for so long, at least until the worker's file is
 * there; then all that is promised of it is looked at. The volume holds in/walk.mp4 and in/meadow.jpg.
 */
export async function surviveOutage(workspace: Workspace, outageMs: number): Promise<void> {
  await workspace.start("patient", {
    sources: [
      { name: "walk", ...onVolume("in/walk.mp4") },
      { name: "meadow", ...onVolume("in/meadow.jpg") },
    ],
    outputs: [
      { name: "web", sources: ["walk"], video: { height: 240, cuts: [{ startSeconds: 0, endSeconds: 5 }] } },
      { name: "thumb", sources: ["meadow"], image: { format: "webp", width: 64 } },
    ],
    parallelism: 1,
  });
  await workspace.working("patient", "video-0");
  const restart = await killPart("kube-apiserver");
  try {
    const made = join(workspace.files, "out/patient/walk/web.mp4");
    const ended = until("the worker's file", async () => existsSync(made), { timeoutMs: 240_000 });
    await Promise.all([ended, sleep(outageMs)]);
  } finally {
    restart();
  }
  await workspace.seen("patient", "it succeeded", ({ status }) => status?.phase === "Succeeded");
  const { status } = await workspace.get("patient");
  expect(status).toMatchObject({
    sources: { succeeded: 2, failed: 0 },
    units: { succeeded: 4, ledger: "4s" },
    outputs: [
      { source: "walk", phase: "Succeeded", height: 240 },
      { source: "meadow", phase: "Succeeded", width: 64 },
    ],
  });
  expect(status?.attempts).toBeUndefined();
  expect(await workspace.attempts("patient")).toEqual(["finalize 1", "image-0 1", "probe-0 1", "video-0 1"]);
  expect(await workspace.pods("patient")).toHaveLength(4);
}
