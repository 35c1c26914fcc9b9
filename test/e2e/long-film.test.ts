import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseVolumeUri } from "../../crds/naming.ts";
import { inspectImage, inspectVideo } from "./media-file.ts";
import { createWorkspace, onVolume, type Workspace } from "./workspace.ts";

let workspace: Workspace;

beforeAll(async () => {
  workspace = await createWorkspace("long-film");
  mkdirSync(join(workspace.files, "in"), { recursive: true });
});

afterAll(() => workspace?.remove());

test("a film and an encrypted stream are made in parts, beside a trailer, a poster and its sound", async () => {
  const film = join(workspace.files, "in/film.mp4");
  execFileSync("ffmpeg", [
    ...[
      "-v",
      "error",
      "-f",
      "lavfi",
      "-i",
      "testsrc2=s=64x36:r=5:d=122",
      "-f",
      "lavfi",
      "-i",
      "sine=r=16000:d=2,apad=whole_dur=122", // silence is encoded ten times as fast
    ],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", film],
  ]);
  const fast = { preset: "ultrafast" };
  const key = "8f14e45fceea167a5a36dedd4bea2543";
  await workspace.cluster.kubectl.apply([
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "film", namespace: workspace.namespace },
      stringData: { key },
    },
  ]);
  const encryption = { method: "cbcs", keySecretRef: { name: "film" }, keyUri: "https://keys.test/film" };
  await workspace.start("film", {
    sources: [{ name: "film", ...onVolume("in/film.mp4") }],
    outputs: [
      { name: "whole", video: fast },
      { name: "play", stream: { ...fast, encryption } },
      { name: "trailer", video: { ...fast, cuts: [{ startSeconds: 60, endSeconds: 62 }] } },
      { name: "poster", frames: { atSeconds: [61] } },
      { name: "sound", audio: { codec: "opus" } },
    ],
  });
  await workspace.wait("film", "condition=Complete");
  const { status } = await workspace.get("film");
  expect(status?.failures ?? []).toEqual([]);
  expect(status?.phase).toBe("Succeeded");
  const made = new Map(status?.outputs?.map(({ output, uri }) => [output, parseVolumeUri(uri)?.path]));
  const at = (output: string) => join(workspace.files, made.get(output) ?? output);
  expect(inspectVideo(at("whole"))).toMatchObject({ frames: 610, audioCodec: "aac", decodeErrors: "" });
  const errors = (...options: string[]) => {
    const list = [
      "-v",
      "error",
      ...options,
      "-i",
      join(dirname(at("play")), "video-36p.mp4"),
      "-f",
      "null",
      "-",
    ];
    return spawnSync("ffmpeg", list, { encoding: "utf8" }).stderr;
  };
  expect(errors("-decryption_key", key), "with the Secret's key").toBe("");
  expect(errors(), "without it").not.toBe("");
  expect(inspectVideo(at("trailer"))).toMatchObject({ frames: 10, decodeErrors: "" });
  expect(await inspectImage(at("poster"))).toMatchObject({ format: "jpeg", width: 64, height: 36 });
  expect(inspectVideo(at("sound"))).toMatchObject({ audioCodec: "opus", decodeErrors: "" });
  const units = (await workspace.pods("film")).map(({ metadata }) => metadata.labels["mediajob.dev/unit"]);
  const inParts = ["part-0", "part-1", "join-0", "part-2", "part-3", "join-1"];
  expect(units).toEqual(expect.arrayContaining(["probe-0", ...inParts, "finalize"]));
});
