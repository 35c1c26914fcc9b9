import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg } from "./clips.ts";
import { type MadeVideo, VideoWorkshop } from "./video-workshop.ts";

/** What becomes of a video's pictures: their shape, their direction, their fields and their colours. */

let workshop: VideoWorkshop;
let plain: string;
beforeAll(() => {
  workshop = new VideoWorkshop();
  plain = clip(join(workshop.sources, "plain.mp4"), { seconds: 1 });
});
afterAll(() => workshop.remove());

test("a phone's turned clip is upright, its pixels and not only its tag", async () => {
  ffmpeg("-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90", join(workshop.sources, "turned.mp4"));
  const { record } = await workshop.make("turned.mp4", {});
  expect(record.video[0]).toMatchObject({ storedWidth: 180, storedHeight: 320, rotation: 0 });
});

test("interlaced pictures become whole frames", async () => {
  const filters = ["-vf", "tinterlace=4,setfield=tff"];
  const encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-flags", "+ildct+ilme", "-pix_fmt", "yuv420p"];
  const fields = clip(join(workshop.sources, "fields.mov"), {
    size: "360x288",
    seconds: 1,
    video: [...filters, ...encoder],
  });
  expect((await probe(fields)).video[0]?.fieldOrder).toBe("TopFieldFirst");
  const { record } = await workshop.make("fields.mov", {});
  expect(record.video[0]?.fieldOrder).toBe("Progressive");
});

describe("fields that are kept stay so, the same one first", () => {
  const ROWS = ["tff", "bff"].flatMap((first) =>
    [{ codec: "h264" }, { codec: "prores", preset: undefined }].map((video) => ({
      name: `${video.codec} of ${first}`,
      first,
      video: { container: "mov", deinterlace: "Never", ...video },
    })),
  );
  const made = new Map<string, (name: string) => Promise<MadeVideo>>();
  beforeAll(async () => {
    const encoder = [
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-flags",
      "+ildct+ilme",
      "-pix_fmt",
      "yuv420p",
    ];
    for (const first of ["tff", "bff"]) {
      const fields = ["-vf", `tinterlace=${first === "tff" ? 4 : 5},setfield=${first}`];
      clip(join(workshop.sources, `${first}.mov`), {
        size: "360x288",
        seconds: 1,
        video: [...fields, ...encoder],
      });
      const rows = ROWS.filter((row) => row.first === first);
      made.set(first, await workshop.makeAll(`${first}.mov`, rows, ({ video }) => video));
    }
  });

  test.each(ROWS)("$name", async ({ name, first }) => {
    const found = await made.get(first)?.(name);
    expect(found?.record.video[0]?.fieldOrder).toBe(first === "tff" ? "TopFieldFirst" : "BottomFieldFirst");
  });
});

const DYNAMICS = [
  {
    name: "mapped to BT.709",
    video: {},
    expected: {
      bitDepth: 8,
      dynamicRange: "SDR",
      color: { transfer: "bt709", primaries: "bt709", matrix: "bt709" },
    },
  },
  {
    name: "kept with its mastering display",
    video: { codec: "h265", dynamicRange: "Source" },
    expected: {
      bitDepth: 10,
      dynamicRange: "HDR10",
      mastering: { maxContentLight: 1000, display: { maxLuminance: 1000 } },
    },
  },
];

describe("HDR", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    const encoder = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"];
    const colours = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"];
    const mastering =
      "log-level=error:hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400";
    clip(join(workshop.sources, "hdr.mp4"), {
      size: "160x90",
      seconds: 1,
      video: [...encoder, ...colours, "-x265-params", mastering],
    });
    made = await workshop.makeAll("hdr.mp4", DYNAMICS, ({ video }) => video);
  });

  test.each(DYNAMICS)("is $name", async ({ name, expected }) => {
    expect((await made(name)).record.video[0]).toMatchObject(expected);
  });
});

const SHAPES = [
  { name: "cover cuts", video: { width: 100, height: 100, fit: "cover" }, expected: [100, 100] },
  { name: "contain adds bars", video: { width: 640, height: 640, fit: "contain" }, expected: [640, 640] },
  { name: "nothing grows", video: { height: 720 }, expected: [320, 180] },
  { name: "unless it is asked for", video: { height: 360, enlarge: true }, expected: [640, 360] },
  {
    name: "cropped, turned and mirrored",
    video: { crop: { left: 20, top: 10, width: 200, height: 100 }, rotate: 90, flip: "Vertical" },
    expected: [100, 200],
  },
  {
    name: "denoised and sharpened",
    video: { denoise: "Strong", sharpen: 1, deinterlace: "Always" },
    expected: [320, 180],
  },
];

describe("shapes", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    made = await workshop.makeAll("plain.mp4", SHAPES, ({ video }) => video);
  });

  test.each(SHAPES)("$name", async ({ name, expected }) => {
    const [picture] = (await made(name)).record.video;
    expect([picture?.storedWidth, picture?.storedHeight]).toEqual(expected);
  });
});

const CLEANED = [
  { name: "nothing", video: {} },
  { name: "denoise Light", video: { denoise: "Light" } },
  { name: "denoise Strong", video: { denoise: "Strong" } },
  { name: "sharpen 0.5", video: { sharpen: 0.5 } },
  { name: "sharpen 1.5", video: { sharpen: 1.5 } },
];

describe("noise and edges", () => {
  let found: (name: string) => Promise<{ noise: number; edge: number }>;
  beforeAll(async () => {
    const luma = "if(lt(X,80),128+12*(random(1)-0.5),64+128*clip((X-116)/8,0,1))";
    ffmpeg(
      ...["-f", "lavfi", "-i", `nullsrc=s=160x120:r=25:d=0.4,geq=lum='${luma}':cb=128:cr=128`],
      ...["-c:v", "libx264", "-preset", "ultrafast", "-crf", "0", "-pix_fmt", "yuv420p"],
      join(workshop.sources, "noisy.mp4"),
    );
    const made = await workshop.makeAll("noisy.mp4", CLEANED, ({ video }) => ({ crf: 1, ...video }));
    found = async (name) => measured((await made(name)).path);
  });

  test("denoise leaves the less noise the stronger it is, sharpen makes an edge the steeper", async () => {
    const [plain, light, strong, little, much] = await Promise.all(CLEANED.map(({ name }) => found(name)));
    expect(light?.noise).toBeLessThan((plain?.noise ?? 0) * 0.95);
    expect(strong?.noise).toBeLessThan((light?.noise ?? 0) * 0.5);
    expect(little?.edge).toBeGreaterThan((plain?.edge ?? 0) * 1.1);
    expect(much?.edge).toBeGreaterThan((little?.edge ?? 0) * 1.1);
    expect(strong?.edge).toBeGreaterThan((plain?.edge ?? 0) * 0.8);
  });
});

/** Of the last frame: how far the lumas of its left half are spread, and how steep the edge in its right half is. */
function measured(path: string): { noise: number; edge: number } {
  const [width, height] = [160, 120];
  const list = ["-v", "error", "-i", path, "-vf", "extractplanes=y", "-f", "rawvideo", "-"];
  const frame = execFileSync("ffmpeg", list).subarray(-width * height);
  const lumas = (from: number, to: number) =>
    Array.from({ length: height }, (_, y) => [...frame.subarray(y * width + from, y * width + to)]);
  const noisy = lumas(8, 72).flat();
  const mean = noisy.reduce((sum, luma) => sum + luma, 0) / noisy.length;
  const noise = Math.sqrt(noisy.reduce((sum, luma) => sum + (luma - mean) ** 2, 0) / noisy.length);
  const steps = lumas(100, 140).flatMap((row) => row.slice(1).map((luma, at) => luma - (row[at] ?? luma)));
  return { noise, edge: Math.max(...steps) };
}
