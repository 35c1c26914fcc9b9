import { execFileSync } from "node:child_process";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import { ffmpeg } from "./clips.ts";
import { VideoWorkshop } from "./video-workshop.ts";
import { type Attempt, sourceName } from "./worker-attempt.ts";

/**
 * A green that two matrices see differently, in sources that say how it is coded and in others that do not: whatever is
 * made of them, players show the same green. A player goes by what the file says, else by its size.
 */

const GREEN = [0, 200, 100];

/** Wide enough to be taken for HD, and no larger: it is the width or the height that counts. */
const HD = "1280x80";
const untagged = "setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown";
const coded = (matrix: string) => `scale=out_color_matrix=${matrix}:out_range=tv,format=yuv420p`;
const x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "8"];
const SOURCES = [
  { file: "rgb.mov", size: HD, list: ["-c:v", "png"] },
  { file: "large.mp4", size: HD, list: ["-vf", `${coded("bt709")},${untagged}`, ...x264] },
  { file: "small.mp4", size: "320x80", list: ["-vf", `${coded("bt601")},${untagged}`, ...x264] },
  {
    file: "full.webm",
    size: HD,
    list: [
      ...[
        "-vf",
        "scale=out_color_matrix=bt709:out_range=pc,format=yuv420p,setparams=colorspace=bt709:range=pc",
      ],
      ...["-c:v", "libvpx-vp9", "-crf", "8", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "8"],
    ],
  },
];
const FILES = SOURCES.map(({ file }) => file);

let workshop: VideoWorkshop;
beforeAll(() => {
  workshop = new VideoWorkshop();
  for (const { file, size, list } of SOURCES) {
    const color = `color=c=0x${Buffer.from(GREEN).toString("hex")}:s=${size}:r=25:d=0.12,format=rgb24`;
    ffmpeg("-f", "lavfi", "-i", color, ...list, join(workshop.sources, file));
  }
});
afterAll(() => workshop.remove());

describe("renditions", () => {
  let attempt: Attempt;
  beforeAll(async () => {
    const made = (name: string, video: object) => ({
      name,
      video: { preset: "ultrafast", crf: 8, ...video },
    });
    attempt = await workshop.attemptAll(FILES, [
      made("small", { height: 40 }),
      made("large", { width: 1280, enlarge: true }),
    ]);
  });

  test.each(FILES)("of %s have its green", async (file) => {
    expect(attempt.result.failures).toEqual([]);
    const made = attempt.files.filter((path) => path.includes(`-${sourceName(file)}.`));
    expect(made).toHaveLength(2);
    for (const path of made) isGreen(await shownBy(attempt.pathOf(path)), path);
  });
});

describe("bars have the colour that they are given", () => {
  let attempt: Attempt;
  const RED = "#ff0000";
  beforeAll(async () => {
    const hdr = `color=c=0x808080:s=${HD}:r=25:d=0.12,format=yuv420p10le`;
    const tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"];
    const x265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"];
    ffmpeg("-f", "lavfi", "-i", hdr, ...x265, ...tags, join(workshop.sources, "hdr.mp4"));
    const onBars = (name: string, video: object) => ({
      name,
      video: {
        preset: "ultrafast",
        crf: 4,
        width: 320,
        height: 320,
        fit: "contain",
        background: RED,
        ...video,
      },
    });
    attempt = await workshop.attemptAll(
      [...FILES, "hdr.mp4"],
      [onBars("bars", {}), onBars("deep", { codec: "h265", pixelFormat: "yuv444p10le" })],
    );
  });

  test.each([...FILES, "hdr.mp4"])("around %s", async (file) => {
    expect(attempt.result.failures).toEqual([]);
    const made = attempt.files.filter((path) => path.includes(`-${sourceName(file)}.`));
    expect(made).toHaveLength(2);
    for (const path of made) {
      const { middle, corner } = await placesOf(attempt.pathOf(path));
      isColor(corner, [255, 0, 0], path);
      if (file !== "hdr.mp4") isGreen(middle, path);
    }
  });
});

test("HDR that is mapped keeps more than 8 bits where the output has them", async () => {
  // ffmpeg's own gradients are another each time.
  const gradient = "color=s=1280x64:d=0.12,format=yuv420p10le,geq=lum='64+X*876/1279':cb=512:cr=512";
  const list = ["-c:v", "libx265", "-preset", "ultrafast"];
  const tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"];
  const source = join(workshop.sources, "gradient.mp4");
  ffmpeg("-f", "lavfi", "-i", gradient, ...list, "-x265-params", "log-level=error:crf=1", ...tags, source);
  const video = { codec: "h265", pixelFormat: "yuv422p10le", crf: 1, preset: "ultrafast" };
  const attempt = await workshop.attempt("gradient.mp4", { video });
  expect(attempt.result.failures).toEqual([]);
  const row = ["-frames:v", "1", "-vf", "format=gray10le,crop=1280:1", "-f", "rawvideo", "-"];
  const bytes = execFileSync("ffmpeg", ["-v", "error", "-i", attempt.pathOf("made.mp4"), ...row]);
  const levels = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  // Of 8 bits the lowest two of ten are nothing but what coding has changed.
  const between = levels.filter((level) => level % 4 === 2).length;
  expect(between / levels.length).toBeGreaterThan(0.15);
});

test("files that are joined have the colours of the first", async () => {
  const video = { preset: "ultrafast", crf: 8, append: ["in/small.mp4"], audio: { codec: "none" } };
  const attempt = await workshop.attempt("large.mp4", { video });
  isGreen(await shownBy(attempt.pathOf("made.mp4")), "the last picture");
});

test("pictures have their source's green", async () => {
  const frames = { format: "jpeg", quality: 95, width: 160 };
  const attempt = await workshop.attemptAll(FILES, [{ name: "poster", frames }]);
  expect(attempt.files).toHaveLength(FILES.length);
  for (const path of attempt.files) isGreen(await middleOf(attempt.pathOf(path)), path);
});

test("streams have it in every rendition, and in their thumbnails", async () => {
  const stream = { preset: "ultrafast", thumbnails: { width: 160 }, ladder: "Explicit" };
  const renditions = [40, 80].map((height) => ({ height, bitrateKbps: 4000 }));
  const attempt = await workshop.attempt("large.mp4", { stream: { ...stream, renditions } });
  for (const name of ["video-40p.mp4", "video-80p.mp4"])
    isGreen(await shownBy(attempt.pathOf(`made/${name}`)), name);
  isGreen(await middleOf(attempt.pathOf("made/thumbnails-001.jpg")), "thumbnails");
});

describe("what is half transparent stays so in ProRes 4444", () => {
  const HALVES = [
    { file: "half.mov", codec: ["png"] },
    { file: "half.webm", codec: ["libvpx-vp9", "-pix_fmt", "yuva420p", "-deadline", "realtime"] },
    { file: "older.webm", codec: ["libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0"] },
  ];
  let attempt: Attempt;
  beforeAll(async () => {
    const half = "color=c=red:s=64x64:r=25:d=0.12,format=rgba,colorchannelmixer=aa=0.5";
    for (const { file, codec } of HALVES)
      ffmpeg("-f", "lavfi", "-i", half, "-c:v", ...codec, join(workshop.sources, file));
    const video = { codec: "prores", profile: "4444", container: "mov" };
    attempt = await workshop.attemptAll(
      HALVES.map(({ file }) => file),
      [{ name: "made", video }],
    );
  });

  test.each(HALVES)("$file", ({ file }) => {
    expect(attempt.result.failures).toEqual([]);
    const path = attempt.pathOf(`made-${sourceName(file)}.mov`);
    const alpha = "alphaextract,format=gray,crop=1:1";
    const list = ["-i", path, "-frames:v", "1", "-vf", alpha, "-f", "rawvideo", "-"];
    const [opacity] = execFileSync("ffmpeg", ["-v", "error", "-nostdin", ...list]);
    expect(Math.abs((opacity ?? 0) - 128)).toBeLessThanOrEqual(2);
  });
});

/** Five of 255 is what coding to 8 bits and crf cost; another matrix costs some thirty. */
const isGreen = (color: readonly number[], what: string) => isColor(color, GREEN, what);

function isColor(color: readonly number[], wanted: readonly number[], what: string): void {
  const off = color.map((value, at) => Math.abs(value - (wanted[at] ?? 0)));
  expect(Math.max(...off), `${what} is ${color.join()}`).toBeLessThanOrEqual(5);
}

/** The last frame's middle, and its top left corner, as a player shows them. */
async function placesOf(path: string): Promise<{ middle: number[]; corner: number[] }> {
  const [picture] = (await probe(path, undefined, { firstFrame: false })).video;
  const { storedWidth: width = 0, storedHeight: height = 0 } = picture ?? {};
  const matrix = picture?.color.matrix ?? (width >= 1280 || height > 576 ? "bt709" : "bt601");
  const rgb = `scale=in_color_matrix=${matrix === "bt709" ? "bt709" : "bt601"},format=rgb24`;
  const pixels = execFileSync(
    "ffmpeg",
    ["-v", "error", "-nostdin", "-i", path, "-vf", rgb, "-f", "rawvideo", "-"],
    { maxBuffer: 2 ** 26 },
  );
  const frame = pixels.subarray(-3 * width * height);
  const at = (pixel: number) => [...frame.subarray(3 * pixel, 3 * pixel + 3)];
  return { middle: at((height / 2) * width + width / 2), corner: at(0) };
}

const shownBy = async (path: string): Promise<number[]> => (await placesOf(path)).middle;

async function middleOf(path: string): Promise<number[]> {
  const place = { left: 40, top: 4, width: 1, height: 1 };
  return [...(await sharp(path).removeAlpha().extract(place).raw().toBuffer())];
}
