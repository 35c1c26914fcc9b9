import { execFileSync } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { decode as decodeBlurHash } from "blurhash";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { splitJpeg } from "../../../worker-image/image/metadata/jpeg-segments.ts";
import { parseColour } from "../../../worker-image/image/steps/colour.ts";
import { colourAt, deltaE, GREEN, noise, photo, quadrants, RED } from "../../worker/pictures.ts";
import {
  aUnit,
  from,
  makeVolume,
  runWorker,
  type WorkerRun,
  type WorkerVolume,
} from "../../worker/run-worker.ts";

/** What is in the files besides pixels: encoding, size, metadata, frames, and the sets they come in. */

const image = (name: string, fields: object) => ({ name, image: { format: "jpeg", ...fields } });
let volume: WorkerVolume;
beforeAll(async () => {
  volume = await makeVolume();
});
afterAll(() => volume.remove());

type Tags = Record<string, unknown>;

/** What exiftool reads in the files of a folder, by path; it takes longer to start than to read. */
function readTags(folder: string): Map<string, Tags> {
  const text = execFileSync("exiftool", ["-j", "-G1", "-n", folder], { encoding: "utf8" });
  return new Map((JSON.parse(text) as Tags[]).map((tags) => [`${tags.SourceFile}`, tags]));
}

const solid = ([r, g, b]: readonly [number, number, number]) =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: { r, g, b } } });

async function make(
  directory: string,
  sources: Record<string, string>,
  outputs: object[],
  template = "{source}/{output}.{ext}",
) {
  const unit = aUnit({
    family: "image",
    name: directory,
    sources: from(sources),
    outputs,
    destination: { volume: { claimName: "media", path: directory }, template, onConflict: "Overwrite" },
  });
  const run = await runWorker(unit, volume);
  const path = (file: string) => volume.path(`${directory}/${file}`);
  return { ...run, path, header: (file: string) => sharp(path(file)).metadata() };
}

describe("encoding", () => {
  let run: Awaited<ReturnType<typeof make>>;
  let whole: Awaited<ReturnType<typeof make>>;
  beforeAll(async () => {
    await volume.put("in/photo.jpg", await (await photo(0.3)).jpeg({ quality: 95 }).toBuffer());
    await volume.put("in/alpha.png", await quadrants(600, 400).ensureAlpha(0.5).png().toBuffer());
    await volume.put("in/a.webp", await quadrants(60, 40).webp().toBuffer());
    await volume.put(
      "in/drawing.svg",
      '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="15" height="20" fill="#dc281e"/></svg>',
    );
    const auto = image("auto", { format: "Auto", width: 300 });
    const others = { alpha: "in/alpha.png", webp: "in/a.webp", svg: "in/drawing.svg" };
    whole = await make("encoding", others, [
      auto,
      image("capped", { format: "Auto", width: 301, maxBytes: 512 }),
    ]);
    run = await make("encoding", { photo: "in/photo.jpg" }, [
      auto,
      ...(["Low", "Medium", "High", "Maximum"] as const).flatMap((quality) =>
        (["jpeg", "webp", "avif"] as const).map((format) =>
          image(`${quality.toLowerCase()}-${format}`, {
            format,
            width: 320,
            quality,
            ...(format === "avif" && { effort: 1 }),
          }),
        ),
      ),
      image("plain", { quality: "High" }),
      image("progressive", { progressive: true }),
      image("mozjpeg", { mozjpeg: true }),
      image("full-chroma", { chromaSubsampling: "4:4:4" }),
      image("fit", { maxBytes: 9_000 }),
      image("fit-webp", { format: "webp", maxBytes: 18_000 }),
      image("roomy", { maxBytes: 10_000_000 }),
      image("too-tight", { maxBytes: 512 }),
      image("lossless-webp", { format: "webp", lossless: true }),
      image("near", { format: "webp", nearLossless: true, quality: 40 }),
      image("palette", { format: "png", width: 200, palette: { colours: 16 } }),
      image("interlaced", { format: "png", width: 200, progressive: true }),
      image("gif", { format: "gif", width: 100 }),
      image("tiff", { format: "tiff", width: 100 }),
      image("tiff-lzw", { format: "tiff", width: 100, compression: "lzw" }),
      image("dense", { width: 100, density: 300 }),
    ]);
  });
  const bytes = async (file: string) => (await readFile(run.path(file))).length;

  test("Auto keeps the source's format and alpha; a drawing becomes PNG, at the size that is asked for", async () => {
    expect((await run.header("photo/auto.jpg")).format).toBe("jpeg");
    expect(await run.header("alpha/auto.png")).toMatchObject({ format: "png", hasAlpha: true });
    expect((await run.header("webp/auto.webp")).format).toBe("webp");
    expect(await run.header("svg/auto.png")).toMatchObject({ width: 300, height: 200 });
    const { data, info } = await sharp(run.path("svg/auto.png")).raw().toBuffer({ resolveWithObject: true });
    const edge = (100 * info.width + 148) * info.channels;
    expect(deltaE([...data.subarray(edge, edge + 3)], RED), "the edge is drawn, not enlarged").toBeLessThan(
      3,
    );
  });

  test.each(["jpeg", "webp", "avif"])("a better word makes a larger %s", async (format) => {
    const ext = format === "jpeg" ? "jpg" : format;
    const sizes = await Promise.all(
      ["low", "medium", "high", "maximum"].map((word) => bytes(`photo/${word}-${format}.${ext}`)),
    );
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(new Set(sizes).size).toBe(4);
  });

  test("jpeg's own settings are in the file", async () => {
    expect(await run.header("photo/plain.jpg")).toMatchObject({
      isProgressive: false,
      chromaSubsampling: "4:2:0",
    });
    expect(await run.header("photo/progressive.jpg")).toMatchObject({ isProgressive: true });
    expect(await run.header("photo/full-chroma.jpg")).toMatchObject({ chromaSubsampling: "4:4:4" });
    expect(await bytes("photo/mozjpeg.jpg")).toBeLessThan(await bytes("photo/plain.jpg"));
  });

  test("maxBytes is kept, closely, and does not make worse what fits", async () => {
    for (const [file, limit] of [
      ["photo/fit.jpg", 9_000],
      ["photo/fit-webp.webp", 18_000],
    ] as const) {
      expect(await bytes(file)).toBeLessThanOrEqual(limit);
      expect(await bytes(file)).toBeGreaterThan(limit * 0.7);
    }
    expect(await bytes("photo/roomy.jpg")).toBe(await bytes("photo/plain.jpg"));
    expect(run.result.failures).toContainEqual(
      expect.objectContaining({ source: "photo", output: "too-tight", reason: "InvalidOutputSpec" }),
    );
    expect(whole.result.warnings).toContainEqual(
      expect.objectContaining({ source: "alpha", output: "capped", reason: "LargerThanAsked" }),
    );
  });

  test("lossless is lossless", async () => {
    const before = await sharp(volume.path("in/photo.jpg")).raw().toBuffer();
    const after = await sharp(run.path("photo/lossless-webp.webp")).raw().toBuffer();
    expect(after.equals(before)).toBe(true);
    expect(await bytes("photo/near.webp")).toBeLessThan(await bytes("photo/lossless-webp.webp"));
  });

  test("png, tiff and gif go by their settings", async () => {
    expect(await run.header("photo/palette.png")).toMatchObject({ isPalette: true });
    expect(await run.header("photo/interlaced.png")).toMatchObject({ isProgressive: true });
    expect(await run.header("photo/gif.gif")).toMatchObject({ format: "gif" });
    expect(await run.header("photo/tiff.tiff")).toMatchObject({ format: "tiff" });
    const tiffs = await Promise.all(
      ["photo/tiff.tiff", "photo/tiff-lzw.tiff"].map((file) => sharp(run.path(file)).raw().toBuffer()),
    );
    expect(tiffs[0]?.equals(tiffs[1] ?? Buffer.alloc(0)), "both are lossless").toBe(true);
    expect((await run.header("photo/dense.jpg")).density).toBe(300);
  });
});

describe("metadata", () => {
  const SECRETS = ["SN-4711", "private remark"];
  const formats = { jpeg: "jpg", png: "png", webp: "webp", avif: "avif", tiff: "tiff" } as const;
  let run: Awaited<ReturnType<typeof make>>;
  let tags: ReturnType<typeof readTags>;
  beforeAll(async () => {
    const xmp =
      '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="private remark"/></rdf:RDF></x:xmpmeta>';
    const picture = await quadrants()
      .withExif({
        IFD0: {
          Copyright: "(c) Ann",
          Artist: "Ann",
          Make: "Acme",
          Model: "One",
          DateTime: "2024:05:06 07:08:09",
        },
        IFD2: {
          ExposureTime: "1/125",
          FNumber: "28/10",
          LensModel: "50mm",
          BodySerialNumber: "SN-4711",
          DateTimeOriginal: "2024:05:06 07:08:09",
        },
        IFD3: {
          GPSLatitudeRef: "N",
          GPSLatitude: "52/1 30/1 0/1",
          GPSLongitudeRef: "E",
          GPSLongitude: "13/1 24/1 0/1",
        },
      })
      .withXmp(xmp)
      .jpeg()
      .toBuffer();
    const file = await volume.put("in/private.jpg", picture);
    execFileSync("exiftool", [
      ...["-q", "-overwrite_original", "-IPTC:CodedCharacterSet=UTF8", "-IPTC:CopyrightNotice=(c) Ann"],
      ...["-IPTC:Keywords=private remark", "-IPTC:City=Köln", "-IFD0:ImageDescription=A wall"],
      ...["-n", "-Orientation=6", "-XMP-tiff:Orientation=6", file],
    ]);
    run = await make("metadata", { p: "in/private.jpg" }, [
      ...Object.keys(formats).flatMap((format) =>
        ["Strip", "Copyright", "Technical", "Keep"].map((metadata) =>
          image(`${metadata.toLowerCase()}-${format}`, { format, metadata }),
        ),
      ),
      image("default", {}),
      image("untouched", { autoOrient: false }),
      image("with-place", { metadata: "Strip", keepMetadata: ["Gps", "Dates"] }),
      image("with-xmp", { metadata: "Strip", keepMetadata: ["Xmp"] }),
      image("with-iptc", { metadata: "Strip", keepMetadata: ["Iptc"], width: 60 }),
      image("with-exif", { metadata: "Strip", keepMetadata: ["Exif"], width: 60 }),
      image("small", { width: 60 }),
    ]);
    tags = readTags(run.path("p"));
  });
  const tagsOf = (file: string) => {
    const found = tags.get(run.path(file));
    if (!found) throw new Error(`exiftool read no ${file}`);
    return found;
  };

  test.each(Object.entries(formats))("%s keeps nothing private unless all is kept", async (format, ext) => {
    for (const policy of ["strip", "copyright", "technical"]) {
      const content = await readFile(run.path(`p/${policy}-${format}.${ext}`));
      for (const secret of SECRETS) expect(content.includes(secret), `${policy}: ${secret}`).toBe(false);
    }
    expect((await readFile(run.path(`p/strip-${format}.${ext}`))).includes("Ann")).toBe(false);
  });

  describe("as exiftool reads it", () => {
    test.each(Object.entries(formats))("%s has what its policy names", (format, ext) => {
      const names = (policy: string) => Object.keys(tagsOf(`p/${policy}-${format}.${ext}`)).join(" ");
      const values = (policy: string) => Object.values(tagsOf(`p/${policy}-${format}.${ext}`)).map(String);
      for (const policy of ["strip", "copyright", "technical"])
        expect(names(policy)).not.toMatch(/GPS|Serial|DateTimeOriginal/);
      expect(names("strip")).not.toMatch(/Copyright|Artist|Make\b/);
      expect(values("copyright")).toContain("(c) Ann");
      expect(names("copyright")).not.toMatch(/\bIFD0:Make\b/);
      expect(values("technical")).toEqual(
        expect.arrayContaining(["Acme", "(c) Ann", "50mm", "2.8", "0.008"]),
      );
      expect(names("keep")).toMatch(/GPS/);
      expect(values("keep")).toContain("SN-4711");
    });

    test("IPTC stays where it is kept, its copyright by default, in a JPEG that is made anew too", () => {
      expect(tagsOf("p/with-iptc.jpg")).toMatchObject({
        "IPTC:City": "Köln",
        "IPTC:Keywords": "private remark",
      });
      for (const file of ["p/default.jpg", "p/untouched.jpg", "p/small.jpg"]) {
        expect(tagsOf(file)["IPTC:CopyrightNotice"]).toBe("(c) Ann");
        expect(tagsOf(file)["IPTC:Keywords"]).toBeUndefined();
      }
      expect(Object.keys(tagsOf("p/strip-jpeg.jpg")).join(" ")).not.toMatch(/IPTC/);
    });

    test.each(["with-xmp.jpg", "keep-jpeg.jpg", "keep-png.png", "keep-webp.webp", "keep-avif.avif"])(
      "%s is upright, and its XMP says so",
      (file) => expect(tagsOf(`p/${file}`)["XMP-tiff:Orientation"]).toBe(1),
    );

    test("EXIF stays whole but for the place where it is kept", () => {
      const kept = tagsOf("p/with-exif.jpg");
      expect(kept).toMatchObject({
        "IFD0:ImageDescription": "A wall",
        "IFD0:Make": "Acme",
        "ExifIFD:SerialNumber": "SN-4711",
        "ExifIFD:DateTimeOriginal": "2024:05:06 07:08:09",
        "ExifIFD:FNumber": 2.8,
      });
      expect(Object.keys(kept).join(" ")).not.toMatch(/GPS|XMP|IPTC/);
    });

    test("the default keeps the copyright alone; groups are added one by one", () => {
      expect(tagsOf("p/default.jpg")["IFD0:Copyright"]).toBe("(c) Ann");
      expect(tagsOf("p/default.jpg")["IFD0:Make"]).toBeUndefined();
      const place = tagsOf("p/with-place.jpg");
      expect(place["GPS:GPSLatitude"]).toBeCloseTo(52.5, 4);
      expect(place["GPS:GPSLongitude"]).toBeCloseTo(13.4, 4);
      expect(place["ExifIFD:DateTimeOriginal"]).toBe("2024:05:06 07:08:09");
      expect(place["IFD0:Copyright"]).toBeUndefined();
      expect(tagsOf("p/with-xmp.jpg")["XMP-dc:Source"]).toBe("private remark");
    });
  });
});

describe("a JPEG of which nothing but metadata changes", () => {
  let run: Awaited<ReturnType<typeof make>>;
  const names = ["plain", "bare", "tagged", "wide", "turned", "rest", "cmyk"];
  beforeAll(async () => {
    const secret = {
      IFD0: { Artist: "Ann", Make: "Acme" },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "52/1 30/1 0/1" },
    };
    const source = () => quadrants(320, 240).withExif(secret);
    const files = {
      plain: source().jpeg({ progressive: true, quality: 71 }),
      tagged: source().withIccProfile("srgb").jpeg({ quality: 71 }),
      wide: source().withIccProfile("p3").jpeg({ quality: 71 }),
      turned: source().withMetadata({ orientation: 6 }).jpeg({ quality: 71 }),
      cmyk: quadrants(320, 240).toColourspace("cmyk").jpeg({ quality: 71 }),
    };
    for (const [name, pipeline] of Object.entries(files))
      await volume.put(`in/${name}.jpg`, await pipeline.toBuffer());
    // As most programs write it, and sharp does not: 72 pixels an inch.
    const jfif = Buffer.from("ffe000104a46494600010101004800480000", "hex");
    const bare = await quadrants(320, 240).jpeg({ quality: 71 }).toBuffer();
    await volume.put("in/bare.jpg", Buffer.concat([bare.subarray(0, 2), jfif, bare.subarray(2)]));
    const whole = await files.plain.toBuffer();
    await volume.put("in/rest.jpg", Buffer.concat([whole, Buffer.from("PK\x03\x04 a secret archive")]));
    await volume.put(
      "in/broken.jpg",
      Buffer.from(whole).fill(0xff, whole.length / 2, whole.length / 2 + 300),
    );
    run = await make(
      "untouched",
      Object.fromEntries([...names, "broken"].map((name) => [name, `in/${name}.jpg`])),
      [
        image("strip", { metadata: "Strip" }),
        image("default", { format: "Auto" }),
        image("place", { keepMetadata: ["Gps"] }),
        image("keep", { metadata: "Keep" }),
        image("own", { colourspace: "keep" }),
        image("as-stored", { autoOrient: false }),
        image("worse", { quality: 30 }),
        image("dense", { density: 300 }),
        image("dense-all", { density: 300, metadata: "Keep" }),
      ],
    );
  });
  /** From the first scan to the end: all that is coded of the pixels. */
  async function coded(path: string): Promise<Buffer> {
    const parts = splitJpeg(await readFile(path));
    if (!parts) throw new Error(`${path} is no JPEG`);
    return parts.picture;
  }
  const isSame = async (source: string, output: string) =>
    (await coded(run.path(`${source}/${output}.jpg`))).equals(await coded(volume.path(`in/${source}.jpg`)));

  test.each([
    { source: "plain", outputs: ["strip", "default", "place", "keep", "own", "dense", "dense-all"] },
    { source: "bare", outputs: ["dense", "dense-all"] },
    { source: "tagged", outputs: ["strip", "default", "place", "keep", "own", "dense", "dense-all"] },
    { source: "wide", outputs: ["own"] },
    { source: "cmyk", outputs: ["own"] },
    { source: "turned", outputs: ["as-stored"] },
  ])("$source keeps what is coded, byte for byte: $outputs", async ({ source, outputs }) => {
    for (const output of outputs) expect(await isSame(source, output), output).toBe(true);
  });

  test.each([
    { source: "plain", outputs: ["worse"], why: "another quality is asked for" },
    { source: "wide", outputs: ["strip", "default"], why: "its colours become sRGB" },
    { source: "cmyk", outputs: ["strip", "default"], why: "its colours become sRGB" },
    { source: "turned", outputs: ["strip", "default", "keep"], why: "its pixels are turned upright" },
  ])("$source is coded anew where $why", async ({ source, outputs }) => {
    for (const output of outputs) expect(await isSame(source, output), output).toBe(false);
  });

  test("what is to be gone is gone, and what is to stay stays", async () => {
    for (const source of names) {
      const strip = await readFile(run.path(`${source}/strip.jpg`));
      for (const gone of ["Exif", "Ann", "Acme", "ICC_PROFILE", "secret"])
        expect(strip.includes(gone), `${source}: ${gone}`).toBe(false);
    }
    const found = readTags(run.path("plain"));
    const tags = (output: string) => found.get(run.path(`plain/${output}.jpg`)) ?? {};
    expect(tags("default")).toMatchObject({
      "IFD0:Artist": "Ann",
      "ExifIFD:ExifImageWidth": 320,
      "ExifIFD:ExifImageHeight": 240,
    });
    expect(Object.keys(tags("default")).join(" ")).not.toMatch(/GPS|Make\b/);
    expect(tags("place")["GPS:GPSLatitude"]).toBeCloseTo(52.5, 4);
    expect(tags("keep")).toMatchObject({ "IFD0:Make": "Acme", "IFD0:Artist": "Ann" });
    expect(
      run.result.outputs.find(({ source, output }) => source === "plain" && output === "strip"),
    ).toMatchObject({
      format: "jpeg",
      width: 320,
      height: 240,
    });
  });

  test("a density is said wherever the JPEG says one, and all else stays", () => {
    const found = new Map(["plain", "bare"].flatMap((name) => [...readTags(run.path(name))]));
    const tags = (file: string) => found.get(run.path(file)) ?? {};
    const perInch = (group: string, unit: number) => ({
      ...{ [`${group}:XResolution`]: 300, [`${group}:YResolution`]: 300, [`${group}:ResolutionUnit`]: unit },
    });
    expect(tags("plain/dense.jpg")).toMatchObject(perInch("IFD0", 2));
    expect(tags("plain/dense-all.jpg")).toMatchObject({ ...perInch("IFD0", 2), "IFD0:Make": "Acme" });
    expect(tags("bare/dense-all.jpg")).toMatchObject({ ...perInch("IFD0", 2), ...perInch("JFIF", 1) });
  });

  test("colours keep their label unless all is stripped", async () => {
    const label = async (file: string) => (await run.header(file)).hasProfile;
    expect(await label("tagged/default.jpg")).toBe(true);
    expect(await label("wide/default.jpg")).toBe(true);
    expect(await label("wide/worse.jpg")).toBe(true);
    expect(await label("plain/default.jpg")).toBe(false);
  });

  test("a picture that cannot be decoded is not passed on", () => {
    const failed = run.result.failures.filter(({ source }) => source === "broken");
    expect(failed.length).toBeGreaterThan(0);
    expect(run.files.filter((file) => file.startsWith("untouched/broken/"))).toEqual([]);
  });
});

describe("a PNG or WebP of which nothing but metadata changes", () => {
  let run: Awaited<ReturnType<typeof make>>;
  beforeAll(async () => {
    const secret = { IFD0: { Artist: "Ann", Make: "Acme" }, IFD3: { GPSLatitude: "52/1 30/1 0/1" } };
    const source = () => noise(96, 64).withExif(secret);
    const frames = await Promise.all([RED, GREEN].map((colour) => solid(colour).png().toBuffer()));
    const files = {
      "few.png": source().png({ palette: true, colours: 8 }),
      "lossy.webp": source().webp({ quality: 40 }),
      "moving.webp": sharp(frames, { join: { animated: true } })
        .withExif(secret)
        .webp({ delay: [80, 120], loop: 3 }),
      "deep.png": quadrants(32, 32).toColourspace("rgb16").png(),
    };
    for (const [name, pipeline] of Object.entries(files))
      await volume.put(`in/${name}`, await pipeline.toBuffer());
    run = await make(
      "rewrapped",
      Object.fromEntries(Object.keys(files).map((name) => [name.replace(".", "-"), `in/${name}`])),
      [
        image("default", { format: "Auto" }),
        image("frames", { format: "Auto", animated: true }),
        image("dense-all", { format: "Auto", density: 300, metadata: "Keep" }),
      ],
    );
  });
  const pixels = (path: string, options = {}) => sharp(path, options).raw().toBuffer();

  test.each(["few.png", "lossy.webp"])("%s keeps its pixels, and its artist alone", async (name) => {
    const path = run.path(`${name.replace(".", "-")}/default.${name.split(".")[1]}`);
    expect((await pixels(path)).equals(await pixels(volume.path(`in/${name}`)))).toBe(true);
    const tags = readTags(path).get(path) ?? {};
    expect(tags).toMatchObject({ "IFD0:Artist": "Ann", "ExifIFD:ExifImageWidth": 96 });
    expect(Object.keys(tags).join(" ")).not.toMatch(/GPS|Make|Warning/);
  });

  test.each(["few.png", "lossy.webp"])("%s keeps its pixels where its density changes", async (name) => {
    const path = run.path(`${name.replace(".", "-")}/dense-all.${name.split(".")[1]}`);
    expect((await pixels(path)).equals(await pixels(volume.path(`in/${name}`)))).toBe(true);
    expect(readTags(path).get(path)).toMatchObject({ "IFD0:Make": "Acme", "IFD0:XResolution": 300 });
    if (name === "few.png") expect((await sharp(path).metadata()).density).toBe(300);
  });

  test("a palette stays a palette", async () => {
    expect((await run.header("few-png/default.png")).isPalette).toBe(true);
  });

  test("frames stay as they are coded where they are asked for; else one is taken", async () => {
    const moving = volume.path("in/moving.webp");
    const made = run.path("moving-webp/frames.webp");
    expect((await pixels(made, { animated: true })).equals(await pixels(moving, { animated: true }))).toBe(
      true,
    );
    expect(await run.header("moving-webp/frames.webp")).toMatchObject({
      pages: 2,
      delay: [80, 120],
      loop: 3,
    });
    expect((await run.header("moving-webp/default.webp")).pages).toBeUndefined();
  });

  test("16 bits are written as 8 all the same, which is the default", async () => {
    expect((await run.header("deep-png/default.png")).depth).toBe("uchar");
  });
});

describe("animation", () => {
  let run: Awaited<ReturnType<typeof make>>;
  beforeAll(async () => {
    const frames = await Promise.all([RED, GREEN, RED].map((colour) => solid(colour).png().toBuffer()));
    await volume.put(
      "in/moving.gif",
      await sharp(frames, { join: { animated: true } })
        .gif({ delay: [100, 200, 300], loop: 4 })
        .toBuffer(),
    );
    await volume.put("in/still.png", await quadrants(40, 30).png().toBuffer());
    const turns = await Promise.all(
      [quadrants(40, 30), quadrants(40, 30).flop()].map((each) => each.png().toBuffer()),
    );
    await volume.put(
      "in/few.gif",
      await sharp(turns, { join: { animated: true } })
        .gif()
        .toBuffer(),
    );
    const sources = { moving: "in/moving.gif", still: "in/still.png", few: "in/few.gif" };
    run = await make("animation", sources, [
      image("kept", { format: "gif", animated: true, width: 20 }),
      image("webp", { format: "webp", animated: true }),
      image("once", { format: "webp", animated: true, loop: 1 }),
      image("first", { format: "png" }),
      image("second", { format: "png", page: 1 }),
      image("negated", { format: "gif", animated: true, negate: true }),
      image("boxed", {
        format: "gif",
        animated: true,
        ...{ width: 40, height: 60 },
        fit: "contain",
        background: "#00ffff",
      }),
    ]);
  });

  test("a GIF has colours that its source does not have", async () => {
    const [red = 0, green = 0, blue = 0] = RED;
    const negated = await colourAt(run.path("few/negated.gif"), 0.25, 0.25);
    expect(deltaE(negated, [255 - red, 255 - green, 255 - blue])).toBeLessThan(3);
    expect(deltaE(await colourAt(run.path("few/boxed.gif"), 0.5, 0.05), [0, 255, 255])).toBeLessThan(3);
    expect(deltaE(await colourAt(run.path("few/boxed.gif"), 0.25, 0.4), RED)).toBeLessThan(3);
  });

  test.each(["kept.gif", "webp.webp"])("%s has all frames, with their delays and loops", async (file) => {
    const { pages, delay, loop } = await run.header(`moving/${file}`);
    expect({ pages, delay, loop }).toEqual({ pages: 3, delay: [100, 200, 300], loop: 4 });
  });

  test("loop is what the spec says, one frame is one frame, and a still source stays still", async () => {
    expect((await run.header("moving/once.webp")).loop).toBe(1);
    expect((await run.header("moving/first.png")).pages ?? 1).toBe(1);
    const [red, green] = await Promise.all(
      ["first", "second"].map((name) =>
        sharp(run.path(`moving/${name}.png`))
          .removeAlpha()
          .raw()
          .toBuffer(),
      ),
    );
    expect(deltaE([...(red ?? Buffer.alloc(3)).subarray(0, 3)], RED)).toBeLessThan(3);
    expect(deltaE([...(green ?? Buffer.alloc(3)).subarray(0, 3)], GREEN)).toBeLessThan(3);
    expect((await run.header("still/webp.webp")).pages ?? 1).toBe(1);
    expect(
      run.result.outputs.find(({ output, source }) => output === "kept" && source === "moving"),
    ).toMatchObject({ width: 20, height: 15 });
  });

  test("a page that is not there fails its output alone", () => {
    expect(run.result.failures).toMatchObject([
      { source: "still", output: "second", reason: "InvalidOutputSpec" },
    ]);
  });
});

describe("sets", () => {
  let run: Awaited<ReturnType<typeof make>>;
  let again: WorkerRun;
  const set = image("set", {
    widths: [160, 320],
    formats: ["webp"],
    placeholders: ["BlurHash", "ThumbHash", "Lqip", "DominantColour"],
  });
  beforeAll(async () => {
    await volume.put("in/set.jpg", await quadrants(640, 480).jpeg({ quality: 95 }).toBuffer());
    run = await make("sets", { s: "in/set.jpg" }, [
      set,
      image("capped", { widths: [320, 2000, 4000], withoutEnlargement: true }),
    ]);
    again = await make("sets", { s: "in/set.jpg" }, [
      set,
      image("capped", { widths: [320, 2000, 4000], withoutEnlargement: true }),
    ]);
  });

  test("every width is made in every format, and described in a JSON file beside them", async () => {
    const description = JSON.parse(await readFile(run.path("s/set.json"), "utf8"));
    expect(description.srcset).toEqual({
      jpeg: "set-320w.jpg 320w, set-160w.jpg 160w",
      webp: "set-320w.webp 320w, set-160w.webp 160w",
    });
    for (const { file, width, height, bytes, type } of description.images) {
      const content = await readFile(run.path(`s/${file}`));
      expect(content.length).toBe(bytes);
      expect(await sharp(content).metadata()).toMatchObject({
        width,
        height,
        format: type.slice("image/".length),
      });
    }
    expect(description.images).toHaveLength(4);
  });

  test("placeholders are of the picture", async () => {
    const { placeholders } = JSON.parse(await readFile(run.path("s/set.json"), "utf8"));
    expect(placeholders.blurHash).toMatch(/^[\w#$%*+,\-.:;=?@[\]^{|}~]{20,}$/);
    expect(Buffer.from(placeholders.thumbHash, "base64").length).toBeGreaterThan(4);
    const lqip = await sharp(Buffer.from(placeholders.lqip.split(",")[1], "base64")).metadata();
    expect(lqip).toMatchObject({ format: "webp", width: 20, height: 15 });
    expect(placeholders.dominantColour).toMatch(/^#[0-9a-f]{6}$/);
  });

  test("what is transparent is no darker in a BlurHash than on white", async () => {
    const dot =
      '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><circle cx="45" cy="45" r="20"/></svg>';
    await volume.put("in/dot.svg", dot);
    const clear = await make("clear", { s: "in/dot.svg" }, [
      image("clear", { format: "webp", placeholders: ["BlurHash"] }),
    ]);
    const { placeholders } = JSON.parse(await readFile(clear.path("s/clear.json"), "utf8"));
    const [corner = 0] = decodeBlurHash(placeholders.blurHash, 9, 9);
    expect(corner).toBeGreaterThan(200);
  });

  test("placeholders show what the largest file shows, whether it is made or there already", async () => {
    const blue = {
      extract: { left: 400, top: 300, width: 200, height: 150 },
      placeholders: ["DominantColour"],
    };
    const outputs = [
      image("blue", blue),
      image("grey", { ...blue, grayscale: true }),
      image("wide", { ...blue, colourspace: "p3", format: "webp" }),
    ];
    const shown = async () => {
      const colours: Record<string, number[]> = {};
      for (const { name } of outputs) {
        const { placeholders } = JSON.parse(await readFile(volume.path(`shown/s/${name}.json`), "utf8"));
        const { r, g, b } = parseColour(placeholders.dominantColour);
        colours[name] = [r, g, b];
      }
      return colours;
    };
    await make("shown", { s: "in/set.jpg" }, outputs);
    const made = await shown();
    for (const [red = 0, , blue = 0] of [made.blue ?? [], made.wide ?? []])
      expect(blue - red).toBeGreaterThan(100);
    expect(new Set(made.grey).size, "grey").toBe(1);
    for (const { name } of outputs) await rm(volume.path(`shown/s/${name}.json`));
    const kept = await make("shown", { s: "in/set.jpg" }, outputs);
    expect(kept.result.counts.skipped).toBe(outputs.length);
    expect(await shown()).toEqual(made);
  });

  test("widths above the source are made once, at its own, where enlarging is not allowed", () => {
    const widths = run.result.outputs
      .filter(({ output, width }) => output === "capped" && width)
      .map(({ width }) => width);
    expect(widths.toSorted()).toEqual([320, 640]);
  });

  test.each([
    { template: "{source}/{output}.{ext}", files: ["set-20w.jpg", "set-90w.jpg"] },
    { template: "{source}/{output}-{width}.{ext}", files: ["set-20.jpg", "set-40.jpg"] },
  ])(
    "widths beyond what trim leaves are made once, where enlarging is not allowed: $template",
    async ({ template, files }) => {
      const frame = { top: 60, bottom: 60, left: 60, right: 60, background: "#ffffff" };
      await volume.put("in/framed.png", await solid(RED).extend(frame).png().toBuffer());
      const trimmed = image("set", { widths: [20, 90, 120], trim: {}, withoutEnlargement: true });
      const made = await make(`framed-${files[0]}`, { s: "in/framed.png" }, [trimmed], template);
      expect(made.result.failures).toEqual([]);
      const { images } = JSON.parse(await readFile(made.path("s/set.json"), "utf8"));
      expect(images.map(({ file, width }: { file: string; width: number }) => [file, width])).toEqual([
        [files[1], 40],
        [files[0], 20],
      ]);
      expect(made.result.counts).toMatchObject({ succeeded: 3, failed: 0 });
    },
  );

  test("a set that is there already is not made again", () => {
    expect(again.result.counts.succeeded).toBe(0);
    expect(again.result.counts.skipped).toBe(run.result.counts.succeeded);
  });

  test("the description is a .json where the template says what the pictures are", async () => {
    const outputs = [
      image("a", { format: "webp", widths: [20, 10] }),
      image("b", { placeholders: ["Lqip"] }),
    ];
    const named = await make("literal", { s: "in/set.jpg" }, outputs, "{source}/{output}.webp");
    expect(named.result.failures).toEqual([]);
    expect(named.files.filter((path) => path.startsWith("literal/s/")).toSorted()).toEqual(
      ["a-10w.webp", "a-20w.webp", "a.json", "b.json", "b.webp"].map((file) => `literal/s/${file}`),
    );
  });

  test("a template may tell widths apart itself, in a directory that the description tells them from", async () => {
    const named = await make("named", { s: "in/set.jpg" }, [set], "web/{source}/{width}/{output}.{ext}");
    expect(named.exitCode, JSON.stringify(named.result.failures)).toBe(0);
    expect(named.files.filter((path) => path.startsWith("named/web/s/")).toSorted()).toEqual([
      "named/web/s/160/set.jpg",
      "named/web/s/160/set.webp",
      "named/web/s/320/set.jpg",
      "named/web/s/320/set.webp",
      "named/web/s/set.json",
    ]);
    const description = JSON.parse(await readFile(named.path("web/s/set.json"), "utf8"));
    expect(description.srcset.webp).toBe("320/set.webp 320w, 160/set.webp 160w");
  });
});

test("noise is noise: the test pictures are the same at every run", async () => {
  expect((await noise(8, 8).raw().toBuffer()).equals(await noise(8, 8).raw().toBuffer())).toBe(true);
});
