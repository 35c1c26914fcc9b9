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
      { name: "again", ...onVolume("in/walk.mp4") },
      { name: "meadow", ...onVolume("in/meadow.jpg") },
    ],
    outputs: [
      { name: "web", sources: ["walk"], video: { height: 240, cuts: [{ startSeconds: 0, endSeconds: 5 }] } },
      {
        name: "brief",
        sources: ["again"],
        video: { height: 120, cuts: [{ startSeconds: 0, endSeconds: 1 }] },
      },
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
    sources: { succeeded: 3, failed: 0 },
    units: { succeeded: 5, ledger: "5s" },
    outputs: [
      { source: "meadow", phase: "Succeeded", width: 64 },
      { source: "walk", phase: "Succeeded", height: 240 },
      { source: "again", phase: "Succeeded", height: 120 },
    ],
  });
  expect(status?.attempts).toBeUndefined();
  const units = ["finalize", "image-0", "probe-0", "video-0", "video-1"];
  expect(await workspace.attempts("patient")).toEqual(units.map((unit) => `${unit} 1`));
  expect(await workspace.pods("patient")).toHaveLength(units.length);
}
