import { execFileSync } from "node:child_process";
import { mkdir, readFile, symlink } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePrograms } from "../../../examples/ensure-programs.ts";
import {
  BLUE,
  type Colour,
  colourAt,
  deltaE,
  GREEN,
  noise,
  quadrants,
  RED,
  YELLOW,
} from "../../worker/pictures.ts";
import {
  aUnit,
  from,
  makeVolume,
  runWorker,
  type WorkerRun,
  type WorkerVolume,
} from "../../worker/run-worker.ts";

/** HEIC in, as phones take it. The sources are made by libheif's own encoder. */

let volume: WorkerVolume;
let run: WorkerRun;
const image = (name: string, fields: object) => ({ name, image: { format: "png", ...fields } });
const SOURCES = {
  plain: "in/plain.heic",
  deep: "in/deep.heic",
  several: "in/several.heic",
  cut: "in/cut.heic",
};
const unit = (parts: object) =>
  aUnit({ family: "image", sources: from(SOURCES), outputs: [image("out", {})], ...parts });

beforeAll(async () => {
  ensurePrograms("heif-convert", "heif-enc", "exiftool");
  volume = await makeVolume();
  const plain = await quadrants(256, 160)
    .withExif({ IFD0: { Copyright: "(c) Ann" }, IFD3: { GPSLatitudeRef: "N", GPSLatitude: "52/1 30/1 0/1" } })
    .withMetadata({ orientation: 6 }) // a repetition of what HEIC says by its own boxes, here: nothing
    .jpeg({ quality: 98, chromaSubsampling: "4:4:4" })
    .toBuffer();
  const heic = async (to: string, ...pictures: Buffer[]) => {
    const made = await Promise.all(
      pictures.map((each, index) => volume.put(`made/${to}-${index}.jpg`, each)),
    );
    await mkdir(volume.path("in"), { recursive: true });
    execFileSync(
      "heif-enc",
      ["-q", "95", "-p", "preset=ultrafast", "-o", volume.path(`in/${to}.heic`), ...made],
      { stdio: "ignore" },
    );
    return await readFile(volume.path(`in/${to}.heic`));
  };
  await heic("plain", plain);
  const deep = await volume.put(
    "made/deep.png",
    await quadrants(256, 160).toColourspace("rgb16").png().toBuffer(),
  );
  execFileSync(
    "heif-enc",
    ["-q", "95", "-b", "10", "-p", "preset=ultrafast", "-o", volume.path("in/deep.heic"), deep],
    { stdio: "ignore" },
  );
  await heic("several", plain, await quadrants(256, 160).negate().jpeg().toBuffer());
  const noisy = await heic("noisy", await noise(256, 160).jpeg().toBuffer());
  await volume.put("in/cut.heic", noisy.subarray(0, noisy.length * 0.6));
  run = await runWorker(
    unit({
      outputs: [
        image("out", {}),
        image("auto", { format: "Auto", width: 64, metadata: "Keep" }),
        image("set", { format: "webp", formats: ["jpeg"], widths: [64, 128], placeholders: ["ThumbHash"] }),
        image("stripped", { format: "jpeg", metadata: "Strip" }),
        image("as-overlay", { width: 64, overlays: [{ image: { path: "in/several.heic", width: 8 } }] }),
      ],
    }),
    volume,
  );
}, 60_000);
afterAll(() => volume.remove());

const corners = async (file: string) => {
  const places = [
    [0.2, 0.2],
    [0.8, 0.2],
    [0.8, 0.8],
    [0.2, 0.8],
  ] as const;
  return await Promise.all(places.map(([x, y]) => colourAt(volume.path(file), x, y)));
};

describe.each(["plain", "deep", "several"])("%s", (source) => {
  test.each(["out.png", "auto.jpg", "set-128w.webp", "stripped.jpg"])(
    "gives %s with the right colours, upright",
    async (file) => {
      const found = await corners(`out/${source}/${file}`);
      const expected: Colour[] = [RED, GREEN, BLUE, YELLOW];
      for (const [index, colour] of expected.entries())
        expect(deltaE(found[index] ?? [], colour)).toBeLessThan(5);
    },
  );
});

test("its metadata go by the same policies, and no viewer turns it again", () => {
  const tags = (file: string) =>
    JSON.parse(
      execFileSync("exiftool", ["-j", "-n", "-G1", volume.path(`out/plain/${file}`)], { encoding: "utf8" }),
    )[0];
  expect(tags("out.png")["IFD0:Copyright"]).toBe("(c) Ann");
  expect(Object.keys(tags("out.png")).join(" ")).not.toMatch(/GPS/);
  expect(tags("auto.jpg")).toMatchObject({ "IFD0:Orientation": 1, "GPS:GPSLatitude": 52.5 });
  expect(Object.keys(tags("stripped.jpg")).join(" ")).not.toMatch(/GPS|Copyright/);
});

test("a set has its placeholders, an overlay may be HEIC, and one that is cut short fails alone", async () => {
  const { placeholders } = JSON.parse(await readFile(volume.path("out/plain/set.json"), "utf8"));
  expect(placeholders.thumbHash).toMatch(/^[\w+/=]{10,}$/);
  expect(await sharp(volume.path("out/plain/as-overlay.png")).metadata()).toMatchObject({
    width: 64,
    height: 40,
  });
  expect(run.result.failedSources).toEqual([Object.keys(SOURCES).indexOf("cut")]);
  expect(run.result.failures[0]?.reason).toMatch(/^Source(Truncated|Corrupt)$/);
  expect(run.result.failures[0]?.message).toContain("source cut (in/cut.heic) is HEIC, but");
});

test("a metadata output describes it", async () => {
  const outputs = [{ name: "about", metadata: {} }];
  const described = await runWorker(
    aUnit({ family: "metadata", name: "m", sources: from({ plain: SOURCES.plain }), outputs }),
    volume,
  );
  expect(described.exitCode).toBe(0);
  const { picture } = JSON.parse(await readFile(volume.path("out/plain/about.json"), "utf8"));
  expect(picture).toMatchObject({ format: "heic", width: 256, height: 160, exif: { Copyright: "(c) Ann" } });
  expect(picture.measures.isOpaque).toBe(true);
});

/** What is there is not made again, and would need no decoder. */
const unmade = image("unmade", { width: 8 });

test("where the decoder is missing it is told as an unsupported format, with the way out", async () => {
  await mkdir(volume.path("bin"));
  await symlink("/usr/bin/prlimit", volume.path("bin/prlimit"));
  const without = await runWorker(
    unit({ name: "without", sources: from({ plain: SOURCES.plain }), outputs: [unmade] }),
    volume,
    {
      environment: { PATH: volume.path("bin") },
    },
  );
  expect(without.result.failure).toMatchObject({ class: "input", reason: "UnsupportedFormat" });
  expect(without.result.failure?.message).toMatch(/libheif-examples is missing; use the image that/);
});

test("a picture that may not fit on the scratch disk is refused before it is decoded", async () => {
  const limits = { cpu: 1, memoryBytes: 2 ** 30, scratchBytes: 2 ** 16, timeoutSeconds: 60 };
  const tight = await runWorker(
    unit({ name: "tight", sources: from({ plain: SOURCES.plain }), outputs: [unmade], limits }),
    volume,
  );
  expect(tight.result.failure).toMatchObject({ class: "input", reason: "SourceTooLarge" });
});
