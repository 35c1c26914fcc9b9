import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePrograms } from "../../../examples/ensure-programs.ts";
import { noise, quadrants, RED } from "../../worker/pictures.ts";
import { aUnit, from, makeVolume, runWorker, type WorkerVolume } from "../../worker/run-worker.ts";

/** What a `metadata` output says of a picture, as the worker program writes it. */

let volume: WorkerVolume;
let described: Record<string, { source: Record<string, unknown>; picture: Picture }>;
let failures: { source?: string | undefined; reason: string }[];

/** The parts that are looked into. */
interface Picture extends Record<string, unknown> {
  exif: Record<string, unknown>;
  gps: Record<string, number>;
  iptc: Record<string, unknown>;
  xmp: Record<string, Record<string, unknown>>;
  icc: Record<string, unknown>;
  color: Record<string, unknown>;
  measures: Record<string, number | boolean | string> & { perceptualHash: { hex: string } };
}

const XMP =
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>';
/** One picture with every kind of metadata, in each format that carries them. */
const CARRIERS = { jpeg: "jpg", png: "png", webp: "webp", avif: "avif", tiff: "tif" } as const;

beforeAll(async () => {
  ensurePrograms("exiftool");
  volume = await makeVolume();
  const sources: Record<string, string> = {};
  const add = async (name: string, file: string, content: Buffer | string) => {
    sources[name] = `in/${file}`;
    return await volume.put(`in/${file}`, content);
  };
  const full = await quadrants(160, 120)
    .withExif({
      IFD0: { Artist: "Ann" },
      IFD2: { FNumber: "28/10", DateTimeOriginal: "2024:05:06 07:08:09" },
    })
    .withXmp(XMP)
    .withIccProfile("p3")
    .jpeg({ quality: 95 })
    .toBuffer();
  /** Takes longer to start than to write into all of them. */
  const exiftool = (...list: string[]) => execFileSync("exiftool", ["-q", "-overwrite_original", ...list]);
  const carriers: string[] = [];
  for (const [format, ext] of Object.entries(CARRIERS)) {
    const content =
      format === "jpeg"
        ? full
        : await sharp(full)
            .keepMetadata()
            .toFormat(format as "png")
            .toBuffer();
    carriers.push(await add(format, `full.${ext}`, content));
    if (format === "tiff") exiftool("-IFD0:Artist=Ann", "-ExifIFD:FNumber=2.8", ...carriers.slice(-1));
  }
  exiftool(
    ...["-GPSLatitude=52.5", "-GPSLatitudeRef=N", "-GPSLongitude=13.4", "-GPSLongitudeRef=W"],
    ...["-GPSAltitude=28.5", "-GPSAltitudeRef=Below Sea Level"],
    ...["-IPTC:CodedCharacterSet=UTF8", "-IPTC:City=Köln", "-IPTC:Keywords=a", "-IPTC:Keywords=b"],
    ...carriers,
  );
  await add(
    "turned",
    "turned.jpg",
    await quadrants(160, 120).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  );
  await add("deep", "deep.png", await quadrants().toColourspace("rgb16").png().toBuffer());
  await add("cmyk", "cmyk.jpg", await quadrants().toColourspace("cmyk").jpeg().toBuffer());
  await add("clear", "clear.png", await quadrants().ensureAlpha(0.5).png().toBuffer());
  const frame = await quadrants(40, 30).png().toBuffer();
  const moving = sharp([frame, await sharp(frame).negate().toBuffer()], { join: { animated: true } });
  await add("moving", "moving.gif", await moving.gif({ delay: [100, 250], loop: 3 }).toBuffer());
  await add("drawing", "drawing.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"/>');
  await add("busy", "busy.png", await noise(300, 200).png().toBuffer());
  await add("blurred", "blurred.png", await noise(300, 200).blur(4).png().toBuffer());
  await add(
    "red",
    "red.png",
    await sharp({ create: { width: 50, height: 50, channels: 3, background: rgb(RED) } })
      .png()
      .toBuffer(),
  );
  const scene = await volume.put(
    "scene.png",
    await noise(6, 5).resize(600, 500, { kernel: "cubic" }).png().toBuffer(),
  );
  await add("scene", "scene.png", await readFile(scene));
  await add("scene-again", "again.jpg", await sharp(scene).resize(240).jpeg({ quality: 50 }).toBuffer());
  await add("scene-mirrored", "mirrored.png", await sharp(scene).flop().png().toBuffer());
  await add("odd-name", "a.jpg[shrink=8]", full);
  await add(
    "damaged",
    "damaged.jpg",
    Buffer.concat([full.subarray(0, 20), Buffer.alloc(full.length - 20, 0x37)]),
  );
  await add("cut", "cut.png", (await noise(300, 200).png().toBuffer()).subarray(0, 9000));
  const lying = Buffer.from("Exif\0\0\x13\x37nothing that EXIF begins with", "latin1");
  await add("lying", "lying.jpg", withSegment(await quadrants().jpeg().toBuffer(), lying));
  const unit = aUnit({
    family: "metadata",
    sources: from(sources),
    outputs: [{ name: "about", metadata: {} }],
  });
  const run = await runWorker(unit, volume);
  failures = run.result.failures;
  const files = run.files.flatMap((file) => /^out\/(.*)\/about\.json$/.exec(file)?.[1] ?? []);
  described = Object.fromEntries(
    await Promise.all(
      files.map(async (name) => [
        name,
        JSON.parse(await readFile(volume.path(`out/${name}/about.json`), "utf8")),
      ]),
    ),
  );
}, 60_000);
afterAll(() => volume.remove());

const rgb = ([r, g, b]: readonly [number, number, number]) => ({ r, g, b });
const picture = (name: string): Picture => {
  const found = described[name];
  if (!found) throw new Error(`${name} was not described: ${JSON.stringify(failures)}`);
  return found.picture;
};

/** A JPEG with an application segment 1 of that content. */
function withSegment(jpeg: Buffer, body: Buffer): Buffer {
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

describe.each(Object.keys(CARRIERS))("a %s with everything in it", (format) => {
  test("tells format, size, colour and density", () => {
    expect(picture(format)).toMatchObject({
      format,
      width: 160,
      height: 120,
      displayed: { width: 160, height: 120 },
      color: { space: "srgb", channels: 3, bitDepth: 8, hasAlpha: false, profile: "sP3C" },
      pages: 1,
      animation: null,
      damaged: [],
    });
  });

  test("tells its EXIF and its place, dates as they are written", () => {
    const { exif, gps } = picture(format);
    expect(exif).toMatchObject({ Artist: "Ann", FNumber: 2.8 });
    if (format !== "tiff") expect(exif.DateTimeOriginal).toBe("2024:05:06 07:08:09");
    expect(gps.latitude).toBeCloseTo(52.5, 4);
    expect(gps.longitude).toBeCloseTo(-13.4, 4);
    expect(gps.altitudeMetres).toBeCloseTo(-28.5, 3);
    expect(Object.keys(exif).join(" ")).not.toMatch(/GPS|latitude|MakerNote|Strip|JPEGTables/);
  });

  test("tells its XMP and its profile", () => {
    expect(picture(format).xmp).toMatchObject({ xmp: { Rating: 4 } });
    expect(picture(format).icc).toMatchObject({ ColorSpaceData: "RGB", ProfileDescription: "sP3C" });
  });
});

test.each(["jpeg", "tiff"])("IPTC of a %s is read as the UTF-8 that it is", (format) => {
  expect(picture(format).iptc).toMatchObject({ City: "Köln", Keywords: ["a", "b"] });
});

test("a turned picture tells both sizes", () => {
  expect(picture("turned")).toMatchObject({
    ...{ width: 160, height: 120, orientation: 6 },
    displayed: { width: 120, height: 160 },
  });
});

test.each([
  { name: "deep", color: { space: "rgb16", bitDepth: 16, channels: 3 } },
  { name: "cmyk", color: { space: "cmyk", bitDepth: 8, channels: 4 } },
  { name: "clear", color: { channels: 4, hasAlpha: true } },
])("colour of $name", ({ name, color }) => expect(picture(name).color).toMatchObject(color));

test("an animation tells its frames, delays and loops; a drawing its size", () => {
  expect(picture("moving")).toMatchObject({
    ...{ format: "gif", width: 40, height: 30, pages: 2 },
    animation: { frames: 2, delaysMs: [100, 250], durationMs: 350, loop: 3 },
  });
  expect(picture("drawing")).toMatchObject({ format: "svg", width: 60, height: 40 });
});

test("the checksum is that of the file, whatever its name", async () => {
  const content = await readFile(volume.path("in/a.jpg[shrink=8]"));
  expect(described["odd-name"]?.source).toMatchObject({
    fileName: "a.jpg[shrink=8]",
    bytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
  });
  expect(picture("odd-name")).toMatchObject({ width: 160, height: 120 });
});

describe("measures", () => {
  test("sharpness falls with blur, entropy is that of what is there", () => {
    const [busy, blurred, red] = ["busy", "blurred", "red"].map((name) => picture(name).measures);
    expect(busy?.sharpness).toBeGreaterThan(Number(blurred?.sharpness) * 5);
    expect(red).toMatchObject({ sharpness: 0, entropy: 0, isOpaque: true });
    expect(busy?.entropy).toBeGreaterThan(6);
  });

  test("the dominant colour is the picture's, and what shows through is told", () => {
    expect(picture("red").measures.dominantColour).toMatch(/^#d[0-9a-f]2[0-9a-f]1[0-9a-f]$/);
    expect(picture("clear").measures.isOpaque).toBe(false);
  });

  test("the perceptual hash knows a smaller, worse copy, and tells another picture apart", () => {
    const hash = (name: string) => BigInt(`0x${picture(name).measures.perceptualHash.hex}`);
    const distance = (a: string, b: string) => (hash(a) ^ hash(b)).toString(2).replaceAll("0", "").length;
    expect(distance("scene", "scene-again")).toBeLessThanOrEqual(4);
    expect(distance("scene", "scene-mirrored")).toBeGreaterThan(16);
    expect(distance("scene", "busy")).toBeGreaterThan(16);
  });
});

test("what cannot be parsed is named and costs the rest nothing; what cannot be decoded fails alone", () => {
  expect(picture("lying")).toMatchObject({ exif: null, damaged: ["exif"], width: 120 });
  expect(failures.map(({ source, reason }) => [source, reason]).toSorted()).toEqual([
    ["cut", "SourceTruncated"],
    ["damaged", expect.stringMatching(/SourceCorrupt|SourceTruncated/)],
  ]);
});

test("a picture too large for the unit asks for the memory that it needs before it is decoded", async () => {
  const wide = sharp({ create: { width: 4000, height: 3000, channels: 3, background: rgb(RED) } });
  await volume.put("in/wide.webp", await wide.webp({ effort: 0 }).toBuffer());
  const run = await runWorker(
    aUnit({
      family: "metadata",
      name: "metadata-1",
      sources: from({ wide: "in/wide.webp" }),
      outputs: [{ name: "about", metadata: {} }],
      limits: { cpu: 1, memoryBytes: 160 * 2 ** 20, scratchBytes: 2 ** 30, timeoutSeconds: 60 },
    }),
    volume,
  );
  expect(run.result.failure).toMatchObject({ class: "memory", reason: "MemoryLimitExceeded" });
  expect(run.result.needs?.memoryBytes).toBeGreaterThan(160 * 2 ** 20);
});
