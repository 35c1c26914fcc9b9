import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apart, clip, ffmpeg, flashes } from "./clips.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/** Long streams made in parts by several worker processes, as units of one MediaJob, and joined. */

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
  const at = (name: string) => join(workshop.sources, name);
  flashes(at("flash.mp4"), 4);
  // As of most Matroska: its clock begins with the delay of AAC, and pictures between two frames.
  ffmpeg("-i", at("flash.mp4"), "-c", "copy", at("flash.mkv"));
  const plain = clip(join(workshop.root, "plain.mp4"), { size: "160x90", seconds: 3, rate: "30000/1001" });
  // Frames come at unequal distances, and the sound starts first.
  ffmpeg(
    ...["-i", plain, "-vf", "select=not(eq(mod(n\\,7)\\,3)),setpts=PTS+0.5/TB"],
    ...["-fps_mode", "vfr", at("varying.mkv")],
  );
  const sound = ["-f", "lavfi", "-i", "sine=r=48000:d=6"];
  ffmpeg("-i", plain, ...sound, ...["-map", "0:v", "-map", "1", "-c:v", "copy"], at("held.mkv"));
});
afterAll(() => workshop.remove());

const RENDITIONS = [
  { height: 66, bitrateKbps: 100 },
  { height: 90, bitrateKbps: 200 },
];

type Row = { file: string; boundaries: number[]; wish: Record<string, unknown> };

const streamOf = ({ wish }: Row) => ({
  preset: "ultrafast",
  segmentSeconds: 1,
  ladder: "Explicit",
  renditions: RENDITIONS,
  ...wish,
});

/** The stream in parts with these boundaries, each by a worker process of its own, and joined. */
async function inParts(row: Row): Promise<Attempt> {
  const { file, boundaries } = row;
  const stream = streamOf(row);
  const starts = [0, ...boundaries];
  const out = `parts-of-${file}`;
  const parts = await Promise.all(
    starts.map((startSeconds, index) => {
      const part = { index, count: starts.length, startSeconds, endSeconds: starts[index + 1] };
      return workshop.attempt(file, { stream }, { out, unit: { name: `part-${index}`, part } });
    }),
  );
  for (const part of parts) {
    expect(part.result).toMatchObject({ failures: [], outputs: [], counts: { succeeded: 0, failed: 0 } });
    expect(part.files).toEqual([]);
  }
  const unit = { name: "join-0", join: { parts: starts.length } };
  const joined = await workshop.attempt(file, { stream }, { out, unit });
  expect(joined.result.failures).toEqual([]);
  expect(readdirSync(join(workshop.root, out, ".mediajob/uid-1/parts"))).toEqual([]);
  return joined;
}

/** The stream in one piece, too. */
async function both(row: Row) {
  const [whole, joined] = await Promise.all([
    workshop.attempt(row.file, { stream: streamOf(row) }),
    inParts(row),
  ]);
  expect(whole.result.failures).toEqual([]);
  return { whole, joined };
}

/** Time of each frame, and whether a decoder can begin with it. */
const packets = (attempt: Attempt, name: string) =>
  JSON.parse(
    execFileSync(
      "ffprobe",
      [
        "-v",
        "error",
        "-of",
        "json",
        "-show_entries",
        "packet=pts_time,flags",
        attempt.pathOf(`made/${name}`),
      ],
      { encoding: "utf8" },
    ),
  ).packets.toSorted(
    (one: { pts_time: string }, other: { pts_time: string }) => Number(one.pts_time) - Number(other.pts_time),
  );

/** What a manifest says but for sizes, which differ a little: each part begins with an empty buffer. */
const outline = (attempt: Attempt, name: string) =>
  readFileSync(attempt.pathOf(`made/${name}`), "utf8")
    .replaceAll(/BANDWIDTH=\d+|bandwidth="\d+"|Range="[\d-]+"|range="[\d-]+"/g, "")
    .replaceAll(/BYTERANGE[:=]"?\d+@\d+"?/g, "");

const FLASHES = {
  name: "h264 with B-frames and thumbnails",
  file: "flash.mkv",
  boundaries: [2],
  wish: { preset: "fast", thumbnails: { everySeconds: 2 }, verify: "Full" },
};
const VARYING = {
  name: "h265 of a varying rate",
  file: "varying.mkv",
  boundaries: [2],
  wish: { codec: "h265", fps: 7.3 },
};

/** The pictures end within the first part, and the sound in the last. */
const HELD = { name: "pictures that end before the sound", file: "held.mkv", boundaries: [4, 5], wish: {} };

const known = new Map<Row, ReturnType<typeof both>>();

/** Made once, by the test that asks first. */
function madeBothWays(stream: Row): ReturnType<typeof both> {
  const made = known.get(stream) ?? both(stream);
  known.set(stream, made);
  return made;
}

describe.each([FLASHES, VARYING, HELD])("$name in parts", (stream) => {
  let made: Awaited<ReturnType<typeof both>>;
  beforeAll(async () => {
    made = await madeBothWays(stream);
  });

  test("has the frames, the times and the keyframes of one piece, in every rung", () => {
    for (const { height } of RENDITIONS) {
      const name = `video-${height}p.mp4`;
      expect(packets(made.joined, name)).toEqual(packets(made.whole, name));
    }
  });

  test("has the same files and the same manifests", () => {
    expect(made.joined.files).toEqual(made.whole.files);
    for (const name of ["master.m3u8", "video-66p.m3u8", "audio-0.m3u8", "manifest.mpd"])
      expect(outline(made.joined, name)).toEqual(outline(made.whole, name));
  });
});

test("a part of a stream that another MediaJob has made is not made", async () => {
  const { whole } = await madeBothWays(FLASHES);
  const directory = whole.pathOf("");
  const job = { namespace: "default", name: "again", uid: "uid-2" };
  const unit = { job, name: "part-0", part: { index: 0, count: 2, startSeconds: 0, endSeconds: 2 } };
  const output = { stream: streamOf(FLASHES) };
  const { result } = await workshop.attempt(FLASHES.file, output, { out: basename(directory), unit });
  expect(result).toMatchObject({ outputs: [], counts: { succeeded: 0, skipped: 0, failed: 0 } });
  expect(readdirSync(join(directory, ".mediajob/uid-2"))).not.toContain("parts");
});

test("av1, which counts frames and not time, has a shorter segment where parts meet", async () => {
  clip(join(workshop.sources, "long.mp4"), { size: "160x90", seconds: 6, audio: ["-an"] });
  const renditions = [{ height: 66, bitrateKbps: 100 }];
  // Segments of 30 frames, and 118 frames in the first part.
  const wish = { codec: "av1", fps: 29.5, renditions };
  const joined = await inParts({ file: "long.mp4", boundaries: [4], wish });
  const found = packets(joined, "video-66p.mp4");
  const keyframes = found.flatMap(({ flags }: { flags: string }, at: number) =>
    flags.startsWith("K") ? [at] : [],
  );
  expect(keyframes).toEqual([0, 30, 60, 90, 118, 148]);
  expect(found).toHaveLength(177);
});

test("flashes and beeps stay together within a millisecond over the boundaries", async () => {
  const { joined } = await madeBothWays(FLASHES);
  const directory = joined.pathOf("made");
  const film = join(workshop.root, "film.mov");
  ffmpeg(
    // By the files' own clocks, as players keep them.
    ...["-copyts", "-i", join(directory, "video-90p.mp4"), "-i", join(directory, "audio-0.mp4")],
    ...["-map", "0:v", "-map", "1:a", "-c:v", "copy"],
    ...["-af", "aresample=async=1:first_pts=0", "-c:a", "pcm_s16le", film],
  );
  const { flashes, seconds } = apart(film);
  expect(flashes).toEqual([1, 2, 3]);
  expect(packets(joined, "video-90p.mp4")).toHaveLength(100);
  for (const each of seconds) expect(Math.abs(each)).toBeLessThan(0.001);
});
