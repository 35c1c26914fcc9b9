import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePrograms } from "../../../examples/ensure-programs.ts";
import { readHeif } from "../../../worker-image/image/metadata/rewrap/heif-items.ts";
import { noise } from "../../worker/pictures.ts";
import {
  aUnit,
  from,
  makeVolume,
  runWorker,
  type WorkerRun,
  type WorkerVolume,
} from "../../worker/run-worker.ts";

/**
 * AVIF of which nothing but metadata changes, as other programs lay it out: libavif's encoder, and libheif's. Of the
 * pixels all that is coded stays, and what is to be gone is gone.
 */

const FAST = ["-s", "10"];
/** What makes each source, of a picture with EXIF, XMP and, where it has alpha, neither. */
const SOURCES = {
  plain: ["avifenc", ...FAST, "photo.jpg"],
  "with-alpha": ["avifenc", ...FAST, "alpha.png"],
  premultiplied: ["avifenc", ...FAST, "--premultiply", "alpha.png"],
  "of-tiles": ["avifenc", ...FAST, "--grid", "2x2", "--exif", "exif", "photo.png"],
  turned: ["avifenc", ...FAST, "--irot", "1", "--imir", "0", "photo.jpg"],
  cropped: ["avifenc", ...FAST, "--crop", "10,10,100,50", "photo.jpg"],
  "of-10-bits": ["avifenc", ...FAST, "-d", "10", "deep.png"],
  hdr: ["avifenc", ...FAST, "-d", "10", "--cicp", "9/16/9", "deep.png"],
  "with-thumbnail": ["heif-enc", "-A", "-t", "32", "-o", "OUT", "photo.jpg"],
  several: ["heif-enc", "-A", "-o", "OUT", "photo.jpg", "alpha.png"],
  wide: ["avifenc", ...FAST, "wide.jpg"],
} as const;
const NAMES = Object.keys(SOURCES) as (keyof typeof SOURCES)[];
const SAME = NAMES.filter((name) => name !== "wide");
const SECRETS = ["Acme", "SN-4711", "a remark"];

let volume: WorkerVolume;
let run: WorkerRun;

const image = (name: string, fields: object) => ({ name, image: { format: "Auto", ...fields } });
const source = (name: string) => volume.path(`in/${name}.avif`);
const made = (name: string, output: string) => volume.path(`out/${name}/${output}.avif`);

beforeAll(async () => {
  ensurePrograms("avifenc", "avifdec", "heif-enc", "exiftool");
  volume = await makeVolume();
  const tagged = noise(256, 128)
    .withExif({ IFD0: { Artist: "Ann", Make: "Acme" }, IFD2: { BodySerialNumber: "SN-4711" } })
    .withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'>a remark</x:xmpmeta>");
  const photo = await tagged.clone().jpeg().toBuffer();
  await volume.put("made/photo.jpg", photo);
  await volume.put("made/photo.png", await noise(256, 128).png().toBuffer());
  await volume.put("made/wide.jpg", await tagged.clone().withIccProfile("p3").jpeg().toBuffer());
  await volume.put("made/alpha.png", await noise(256, 128).ensureAlpha(0.5).png().toBuffer());
  await volume.put("made/deep.png", await noise(256, 128).toColourspace("rgb16").png().toBuffer());
  const { exif = Buffer.alloc(0) } = await sharp(photo).metadata();
  const cwd = dirname(await volume.put("made/exif", exif.subarray(6)));
  await mkdir(volume.path("in"), { recursive: true });
  for (const [name, [program, ...args]] of Object.entries(SOURCES)) {
    const [all, last] = [args.map((each) => (each === "OUT" ? source(name) : each)), source(name)];
    execFileSync(program, all.includes(last) ? all : [...all, last], { cwd, stdio: "ignore" });
  }
  const unit = aUnit({
    family: "image",
    sources: from(Object.fromEntries(NAMES.map((name) => [name, `in/${name}.avif`]))),
    outputs: [
      image("strip", { metadata: "Strip" }),
      image("default", {}),
      image("keep", { metadata: "Keep" }),
      image("dense", { metadata: "Keep", density: 300 }),
      image("own", { colourspace: "keep" }),
    ],
  });
  run = await runWorker(unit, volume);
}, 60_000);
afterAll(() => volume.remove());

/** All that is coded of the pictures of a file: of each its kind, its data, and what else is needed to show it. */
async function coded(path: string): Promise<string[]> {
  const { items } = readHeif(await readFile(path));
  const pictures = items.filter(
    ({ type, references }) =>
      (type === "av01" || type === "grid") && !references.some((each) => each.type === "thmb"),
  );
  const of = ({ type, parts, properties }: (typeof items)[number]) =>
    [
      type,
      ...properties.map((each) => `${each.type} ${each.content.toString("hex")}`).sort(),
      hash("sha256", Buffer.concat(parts)),
    ].join("\n");
  return pictures.map(of).sort();
}

test("each is made, and only one that has to become sRGB is coded anew, which is told", () => {
  expect(run.result.failures).toEqual([]);
  expect(run.result.counts.succeeded).toBe(NAMES.length * 5);
  const told = ["strip", "default", "keep", "dense"].map((output) =>
    expect.objectContaining({ source: "wide", output, reason: "CodedAnew" }),
  );
  expect(run.manifest?.warnings).toHaveLength(told.length);
  expect(run.manifest?.warnings).toEqual(expect.arrayContaining(told));
});

describe.each(SAME)("%s", (name) => {
  test.each(["strip", "default", "keep", "dense", "own"])(
    "%s has the same pixels, coded as they were",
    async (output) => {
      const all = await coded(source(name));
      const kept = await coded(made(name, output));
      expect(all).toEqual(expect.arrayContaining(kept));
      expect(kept).toHaveLength(name === "several" ? 1 : all.length);
      const [was, is] = await Promise.all(
        [source(name), made(name, output)].map((path) =>
          sharp(path).raw().toBuffer({ resolveWithObject: true }),
        ),
      );
      expect(is?.info).toEqual(was?.info);
      expect(is?.data.equals(was?.data ?? Buffer.alloc(0))).toBe(true);
    },
  );

  test("what is to be gone is gone", async () => {
    for (const output of ["strip", "default"]) {
      const content = await readFile(made(name, output));
      for (const secret of SECRETS) expect(content.includes(secret), `${output}: ${secret}`).toBe(false);
    }
    expect((await readFile(made(name, "strip"))).includes("Ann")).toBe(false);
  });

  test("libavif reads it, too", () => {
    for (const output of ["strip", "keep"]) execFileSync("avifdec", ["--info", made(name, output)]);
  });
});

test("what is to stay stays, and exiftool finds nothing amiss", () => {
  const files = SAME.flatMap((name) => ["default", "keep", "dense"].map((output) => made(name, output)));
  const text = execFileSync("exiftool", ["-j", "-G1", "-n", ...files], { encoding: "utf8" });
  const all = (JSON.parse(text) as Record<string, unknown>[]).map(
    (tags) => [`${tags.SourceFile}`, tags] as const,
  );
  for (const [file, tags] of all) expect(Object.keys(tags).join(" "), file).not.toMatch(/Warning|Error/);
  const tags = Object.fromEntries(all);
  for (const name of ["plain", "turned", "of-tiles"]) {
    expect(tags[made(name, "default")]).toMatchObject({ "IFD0:Artist": "Ann" });
    expect(tags[made(name, "keep")]).toMatchObject({ "IFD0:Make": "Acme" });
    expect(tags[made(name, "dense")]).toMatchObject({ "IFD0:Make": "Acme", "IFD0:XResolution": 300 });
  }
});
