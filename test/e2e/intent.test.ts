import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorkspace, onVolume, SLOWLY, type Workspace } from "./workspace.ts";

let workspace: Workspace;

const walk = { name: "walk", ...onVolume("in/walk.mp4") };
const brief = { name: "brief", ...onVolume("in/brief.mp4") };

/** A unit that a slow worker is at for minutes. */
const long = { name: "long", video: { preset: "veryslow" } };
const short = { name: "short", video: { height: 60, preset: "ultrafast" } };

beforeAll(async () => {
  workspace = await createWorkspace("intent");
  workspace.put("walk.mp4");
  workspace.put("meadow.jpg");
  const small = ["-t", "2", "-vf", "scale=160:90", "-preset", "ultrafast"];
  execFileSync("ffmpeg", [
    "-v",
    "error",
    "-i",
    join(workspace.files, "in/walk.mp4"),
    ...small,
    join(workspace.files, "in/brief.mp4"),
  ]);
});

afterAll(() => workspace?.remove());

describe.concurrent("the user changes their mind", () => {
  test("suspend lets the running unit finish and starts no other; resume does the rest", async () => {
    const sources = [walk, brief];
    const outputs = [{ name: "short", video: { height: 240, preset: "slow" } }];
    await workspace.start("paused", { sources, outputs, parallelism: 1 });
    await workspace.working("paused", "video-0");
    await workspace.patch("paused", { suspend: true });
    const suspended = await workspace.seen(
      "paused",
      "it is suspended, and its unit has ended",
      ({ status }) => status?.phase === "Suspended" && status.units?.running === 0,
    );
    const { units, queue } = suspended.status ?? {};
    expect(queue).toMatchObject({ reason: "Suspended" });
    expect(units).toMatchObject({ failed: 0, cancelled: 0 });
    expect(units?.succeeded).toBeLessThan(3);
    expect(await workspace.attempts("paused")).toHaveLength(units?.succeeded ?? 0);

    await workspace.patch("paused", { suspend: false });
    await workspace.wait("paused", "condition=Complete");
    const { status } = await workspace.get("paused");
    expect(status).toMatchObject({ phase: "Succeeded", units: { succeeded: 4, ledger: "4s" } });
    expect(await workspace.attempts("paused")).toEqual(["finalize 1", "probe-0 1", "video-0 1", "video-1 1"]);
  });

  test("cancel ends what runs, keeps what is done and leaves nothing partial", async () => {
    await workspace.start("cancelled", {
      sources: [walk, { name: "meadow", ...onVolume("in/meadow.jpg") }],
      outputs: [
        { name: "thumb", sources: ["meadow"], image: { format: "webp", width: 100 } },
        { ...long, sources: ["walk"] },
      ],
      ...SLOWLY,
    });
    await workspace.seen("cancelled", "its photo is done", ({ status }) => status?.outputs?.length === 1);
    await workspace.working("cancelled", "video-0");
    await workspace.patch("cancelled", { cancel: true });
    await workspace.wait("cancelled", "condition=Failed");
    const { status } = await workspace.get("cancelled");
    expect(status).toMatchObject({
      phase: "Cancelled",
      units: { succeeded: 3, cancelled: 1, ledger: "2s1c1s" },
      outputs: [{ output: "thumb" }],
    });
    expect((await workspace.pods("cancelled")).map(({ status }) => status.phase)).toEqual([
      "Succeeded",
      "Succeeded",
      "Succeeded",
    ]);
    const files = join(workspace.files, "out/cancelled");
    expect(readdirSync(files).toSorted()).toEqual([".mediajob", "meadow"]);
    expect(readdirSync(join(files, "meadow"))).toEqual(["thumb.webp"]);
    expect(workspace.staged("cancelled")).toEqual([]);
  });

  test("a raised retryGeneration runs the failed unit again and no other; then its time to live is over", async () => {
    await workspace.start("retried", {
      sources: [brief, { name: "late", ...onVolume("in/late.jpg") }],
      outputs: [
        { ...short, sources: ["brief"] },
        { name: "thumb", sources: ["late"], image: { format: "webp", width: 100 } },
      ],
    });
    await workspace.wait("retried", "condition=Complete");
    const failed = await workspace.get("retried");
    expect(failed.status).toMatchObject({
      phase: "PartiallySucceeded",
      failures: [{ unit: "image-0", source: "late", reason: "SourceNotFound" }],
    });
    workspace.put("meadow.jpg", "in/late.jpg");
    await workspace.patch("retried", { retryGeneration: 1 });
    const { status } = await workspace.seen(
      "retried",
      "it succeeded",
      ({ status }) => status?.phase === "Succeeded",
    );
    expect(status?.failures).toBeUndefined();
    expect(status).toMatchObject({
      units: { succeeded: 4, ledger: "4s" },
      sources: { succeeded: 2, failed: 0 },
    });
    expect(await workspace.attempts("retried")).toEqual([
      "finalize 1",
      "finalize 101",
      "image-0 1",
      "image-0 101",
      "probe-0 1",
      "video-0 1",
    ]);

    await workspace.patch("retried", { ttlSecondsAfterFinished: 1 });
    await workspace.gone("retried");
    expect(existsSync(join(workspace.files, "out/retried/brief/short.mp4"))).toBe(true);
    expect(existsSync(join(workspace.files, "out/retried/late/thumb.webp"))).toBe(true);
  });

  test("deletion in the middle leaves no Job, no pod and no file behind", async () => {
    await workspace.start("deleted", {
      sources: [walk, { ...walk, name: "again" }],
      outputs: [long],
      parallelism: 1,
      ...SLOWLY,
    });
    await workspace.working("deleted", "video-0");
    const { kubectl } = workspace.cluster;
    await kubectl("delete", "mediajob", "deleted", "--namespace", workspace.namespace, "--timeout=300s");
    await workspace.gone("deleted");
    const files = readdirSync(join(workspace.files, "out/deleted"), { recursive: true, encoding: "utf8" });
    // Beside the attempt's manifest, which tells at what it was stopped.
    expect(files.filter((path) => !path.startsWith(".mediajob"))).toEqual([]);
    expect(workspace.staged("deleted")).toEqual([]);
  });
});
