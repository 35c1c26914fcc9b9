import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inspectImage, inspectVideo } from "./media-file.ts";
import { createWorkspace, onVolume, type Workspace } from "./workspace.ts";

let workspace: Workspace;

/** Half of what is usual for a unit of the family: too little for the vast sources. */
const resources = { memoryMultiplier: 0.5 };

beforeAll(async () => {
  workspace = await createWorkspace("resources");
  workspace.put("walk.mp4");
  mkdirSync(join(workspace.files, "in"), { recursive: true });
  // Progressive, so that a decoder must hold all of it.
  const photo = sharp({ create: { width: 9000, height: 7000, channels: 3, background: "teal" } });
  await photo
    .withMetadata({ orientation: 6 })
    .jpeg({ progressive: true })
    .toFile(join(workspace.files, "in/vast.jpg"));
  const clip = ["-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=25:duration=1.2"];
  const encoding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
  execFileSync("ffmpeg", ["-v", "error", ...clip, ...encoding, join(workspace.files, "in/vast.mp4")]);
});

afterAll(() => workspace?.remove());

describe.concurrent("a unit gets what it needs", () => {
  test("a worker that sees from the header what it needs asks for it, and gets exactly that", async () => {
    await workspace.start("header", {
      sources: [{ name: "vast", ...onVolume("in/vast.jpg") }],
      outputs: [{ name: "small", image: { format: "jpeg", width: 100 } }],
      resources,
    });
    await workspace.wait("header", "condition=Complete");
    const { status } = await workspace.get("header");
    expect(status).toMatchObject({
      phase: "Succeeded",
      attempts: [
        { unit: "image-0", attempt: 1, class: "memory", reason: "MemoryLimitExceeded", exitCode: 30 },
      ],
    });
    expect(await workspace.attempts("header")).toEqual(["image-0 1", "image-0 2"]);
    const [first, second] = await memoryLimits("header");
    expect(second).toBeGreaterThan(first ?? 0);
    expect(second).not.toBe((first ?? 0) * 2);
    expect(await inspectImage(join(workspace.files, "out/header/vast/small.jpg"))).toMatchObject({
      width: 100,
      height: 129,
    });
  });

  test("a unit that the kernel kills for its memory succeeds with twice as much", async () => {
    await workspace.start("killed", {
      sources: [{ name: "vast", ...onVolume("in/vast.mp4") }],
      outputs: [{ name: "web", video: { preset: "faster" } }],
      resources,
    });
    await workspace.wait("killed", "condition=Complete");
    const { status } = await workspace.get("killed");
    expect(status).toMatchObject({
      phase: "Succeeded",
      attempts: [{ unit: "video-0", attempt: 1, class: "memory", reason: "MemoryLimitExceeded" }],
    });
    const [first, second] = await memoryLimits("killed");
    expect(second).toBe((first ?? 0) * 2);
    expect(inspectVideo(join(workspace.files, "out/killed/vast/web.mp4"))).toMatchObject({
      width: 3840,
      frames: 30,
      decodeErrors: "",
    });
  });
});

/** In bytes, of each attempt. */
const memoryLimits = async (job: string): Promise<number[]> =>
  (await workspace.pods(job)).map(({ spec }) => Number(spec.containers[0]?.resources.limits.memory));
