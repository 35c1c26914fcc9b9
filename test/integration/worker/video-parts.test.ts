import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apart, flashes, similarity } from "./clips.ts";
import { PART_CASES, PartsWorkshop, shown } from "./parts-workshop.ts";

/** Long videos made in parts by several worker processes, as units of one MediaJob, and joined. */

let workshop: PartsWorkshop;
beforeAll(() => {
  workshop = new PartsWorkshop();
});
afterAll(() => workshop.remove());

test.each(PART_CASES.filter(({ always }) => always))(
  "$name: the same frames at the same times as in one piece",
  (row) => workshop.expectAlike(row),
);

const video = { preset: "ultrafast" };
const first = { index: 0, count: 2, startSeconds: 0, endSeconds: 3 };

describe("of a film of flashes, cut at 2 s,", () => {
  const sound = { loudness: { integratedLufs: -20 } };
  const film = { audio: sound, metadata: "Strip", keyframeIntervalSeconds: 1.5 };
  let whole: string;
  let joined: string;
  beforeAll(async () => {
    flashes(join(workshop.sources, "flash.mp4"), 4);
    ({ whole, joined } = await workshop.both("flash.mp4", film, [2]));
  });

  test("flashes and beeps stay together within a millisecond, with the sound levelled as a whole", () => {
    const [before, after] = [apart(whole), apart(joined)];
    expect(before.seconds).toHaveLength(3);
    expect(after.beeps).toEqual(before.beeps);
    for (const seconds of after.seconds) expect(Math.abs(seconds)).toBeLessThanOrEqual(0.001);
  });

  test("keyframes stand where one run puts them", () => {
    const list = ["-v", "error", "-select_streams", "v:0", "-skip_frame", "nokey"];
    const keys = (path: string) =>
      execFileSync("ffprobe", [...list, "-show_entries", "frame=pts_time", "-of", "csv=p=0", path], {
        encoding: "utf8",
      })
        .match(/[\d.]+/g)
        ?.map(Number);
    expect(keys(whole)).toEqual([0, 1.52, 3]);
    expect(keys(joined)).toEqual([0, 1.52, 2, 3]);
  });

  test("a part of what another MediaJob has made is not made, and counts as no output", async () => {
    const directory = dirname(whole);
    const job = { namespace: "default", name: "again", uid: "uid-2" };
    const unit = { job, name: "part-0", part: { ...first, endSeconds: 2 } };
    const again = { video: { preset: "ultrafast", ...film } };
    const { result } = await workshop.attempt("flash.mp4", again, { out: basename(directory), unit });
    expect(result).toMatchObject({ outputs: [], counts: { succeeded: 0, skipped: 0, failed: 0 } });
    expect(readdirSync(join(directory, ".mediajob/uid-2"))).not.toContain("parts");
  });
});

test("frames between frames and a counted timecode go on where the part before ended", async () => {
  const video = { interpolate: { fps: 50 }, crf: 10, burnIn: { timecode: { size: 0.2 } } };
  const { whole, joined } = await workshop.both("brief.mp4", video, [1]);
  expect(shown(joined)).toEqual(shown(whole));
  expect(similarity(joined, whole)).toBeGreaterThan(0.98);
});

const LIMITS = {
  cpu: 1,
  memoryBytes: 2 ** 31,
  scratchBytes: 2 ** 30,
  timeoutSeconds: 60,
  stallSeconds: 60,
};

test("a part of a span without frames holds none, and the others join, as software made them", async () => {
  const { whole, joined, attempt } = await workshop.both("brief.mp4", { fps: undefined }, [1.001, 1.002], {
    limits: { ...LIMITS, encoder: "nvenc" },
  });
  expect(shown(joined)).toEqual(shown(whole));
  const message = expect.stringContaining("parts of a long video are encoded in software");
  expect(attempt.result.warnings).toMatchObject([{ reason: "EncodedInSoftware", message }]);
});

describe("of two parts one alone", () => {
  const out = "alone";
  const make = () =>
    workshop.attempt("plain.mp4", { video }, { out, unit: { name: "video-0-part-0", part: first } });
  beforeAll(async () => {
    await make();
  });

  test("is not made again", async () => {
    const parts = join(workshop.root, out, ".mediajob/uid-1/parts");
    const before = readdirSync(parts).map((name) => statSync(join(parts, name)).mtimeMs);
    expect(before).not.toEqual([]);
    expect((await make()).exitCode).toBe(0);
    expect(readdirSync(parts).map((name) => statSync(join(parts, name)).mtimeMs)).toEqual(before);
  });

  test("is not joined: the one that is missing is named, and asked for again", async () => {
    const joined = await workshop.attempt("plain.mp4", { video }, { out, unit: { join: { parts: 2 } } });
    expect(joined.result.failure).toMatchObject({
      class: "storage",
      reason: "PartMissing",
      message: expect.stringContaining("part 1 of 2"),
    });
    expect(joined.files).toEqual([]);
  });
});

test("a source whose frames cannot be found is refused, and not made without them", async () => {
  const attempt = await workshop.attempt("stream.ts", { video }, { unit: { part: first } });
  expect(attempt.result.failure).toMatchObject({
    class: "config",
    reason: "InvalidUnit",
    message: expect.stringContaining("mpegts"),
  });
});

test("an output that may not be cut is refused, with the reason", async () => {
  const attempt = await workshop.attempt("plain.mp4", { video: { speed: 2 } }, { unit: { part: first } });
  expect(attempt.result.failure).toMatchObject({
    class: "config",
    reason: "InvalidUnit",
    message: expect.stringContaining("speed moves frames"),
  });
});
