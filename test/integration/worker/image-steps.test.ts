import { spawnSync } from "node:child_process";
import sharp, { type Color, type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { colourAt, deltaE, GREEN } from "../../worker/pictures.ts";
import { makeVolume, type WorkerVolume } from "../../worker/run-worker.ts";
import { image, type PictureMaker, type PictureRun, pictureMaker } from "./image-workshop.ts";

/**
 * What several fields do together: each step keeps the depth, the colours and the alpha that another asks for. Every
 * output below is made by one run of the worker program.
 */

const flat = (background: Color, [width, height]: readonly [number, number] = [60, 40]) =>
  sharp({ create: { width, height, channels: 3, background } });
const png = (picture: Sharp) => picture.png().toBuffer();

/** Transparent, but for a red square in its middle. */
const logo = async () =>
  png(
    sharp({ create: { width: 100, height: 60, channels: 4, background: "#00000000" } }).composite([
      { input: await png(flat("#c81e1e", [40, 40])), left: 30, top: 10 },
    ]),
  );

/** A picture of 16 bits a channel, grey, each pixel by a function of its place. */
function deep(
  [width, height]: readonly [number, number],
  value: (x: number, y: number) => number,
): Promise<Buffer> {
  const data = new Uint16Array(width * height * 3);
  for (let index = 0; index < data.length; index++) {
    const pixel = Math.floor(index / 3);
    data[index] = value(pixel % width, Math.floor(pixel / width));
  }
  return png(sharp(data, { raw: { width, height, channels: 3 } }).toColourspace("rgb16"));
}

/** How many values the first channel has. */
async function levels(file: string): Promise<number> {
  const { data, info } = await sharp(file)
    .toColourspace("rgb16")
    .raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true });
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return new Set(samples.filter((_, index) => index % info.channels === 0)).size;
}

let volume: WorkerVolume;
let make: PictureMaker;
beforeAll(async () => {
  volume = await makeVolume();
  make = pictureMaker(volume);
});
afterAll(() => volume.remove());

describe("16 bits", () => {
  let run: PictureRun;
  beforeAll(async () => {
    await volume.put("in/steep.png", await deep([1024, 8], (x) => 20_000 + x * 8));
    await volume.put("in/grey.png", await deep([60, 40], () => 30_000));
    await volume.put("in/red.png", await png(flat("#ff0000", [20, 20])));
    const red = { image: { path: "in/red.png" }, gravity: "northwest" };
    const at16 = (name: string, fields: object) => image(name, { bitDepth: 16, ...fields });
    run = await make("deep", { steep: "in/steep.png", grey: "in/grey.png" }, [
      at16("plain", {}),
      at16("shaped", { shape: { rounded: { radius: 2 } } }),
      at16("laid", { overlays: [{ text: { text: "a", size: 6 }, gravity: "west" }] }),
      at16("grey-laid", { grayscale: true, overlays: [red] }),
      at16("grey-laid-set", { grayscale: true, overlays: [red], formats: ["tiff"] }),
      at16("grey-shaped", { grayscale: true, shape: { circle: {} } }),
      at16("grey-flat-set", { grayscale: true, flatten: true, formats: ["tiff"] }),
      at16("sepia", { grayscale: true, tint: "#ff8000" }),
      at16("sepia-turned", { grayscale: true, tint: "#ff8000", rotate: 90 }),
    ]);
  });

  test.each(["plain", "shaped", "laid"])("%s has every level of a gradient", async (output) => {
    expect(await levels(run.file("steep", output))).toBeGreaterThanOrEqual(1024);
  });

  test.each(["grey-laid.png", "grey-laid-set.png", "grey-laid-set.tiff"])(
    "%s keeps the colours of what is laid on greys",
    async (file) => {
      const at8 = await png(sharp(volume.path(`deep/grey/${file}`)));
      expect((await colourAt(at8, 0.1, 0.1)).slice(0, 3)).toEqual([255, 0, 0]);
      expect((await colourAt(at8, 0.9, 0.9)).slice(0, 3)).toEqual([117, 117, 117]);
    },
  );

  test("greys stay greys, in several formats and cut to a shape too", async () => {
    for (const [file, channels] of [
      ["grey-flat-set.png", 1],
      ["grey-flat-set.tiff", 1],
      ["grey-shaped.png", 2],
    ] as const) {
      const header = await sharp(volume.path(`deep/grey/${file}`)).metadata();
      expect(header, file).toMatchObject({ channels, depth: "ushort" });
    }
  });

  test.each(["sepia", "sepia-turned"])("%s has its tint", async (output) => {
    const [red = 0, , blue = 0] = await colourAt(await png(sharp(run.file("grey", output))), 0.5, 0.5);
    expect(red).toBeGreaterThan(blue + 50);
  });
});

describe("trim", () => {
  const framed = (x: number, y: number) =>
    x >= 20 && x < 60 && y >= 15 && y < 45 ? 45_000 : 30_000 + ((x * 7919 + y * 104_729) % 200) - 100;
  const outputs = {
    trim: { trim: {} },
    deep: { trim: {}, bitDepth: 16 },
    doubled: { trim: {}, bitDepth: 16, upscale: 2 },
    p3: { trim: {}, colourspace: "p3" },
    grey: { trim: {}, bitDepth: 16, grayscale: true, enhance: { strength: 0.5 } },
    coarse: { trim: { threshold: 70 } },
  };
  let alone: Record<string, PictureRun>;
  let together: PictureRun;
  beforeAll(async () => {
    const picture = await deep([80, 60], framed);
    await volume.put("in/deep.png", picture);
    await volume.put("in/shallow.png", await png(sharp(picture).withIccProfile("srgb")));
    const sources = { deep: "in/deep.png", shallow: "in/shallow.png" };
    const images = Object.entries(outputs).map(([name, fields]) => image(name, fields));
    alone = {};
    for (const each of images) alone[each.name] = await make(`trim-${each.name}`, sources, [each]);
    together = await make("trim-together", sources, [
      ...images,
      image("coarse-webp", { format: "webp", trim: {} }),
    ]);
  });
  const sizeOf = async (file: string) => {
    const { width, height } = await sharp(file).metadata();
    return [width, height];
  };

  test.each([
    { source: "deep", output: "trim", expected: [40, 30] },
    { source: "deep", output: "deep", expected: [40, 30] },
    { source: "deep", output: "doubled", expected: [80, 60] },
    { source: "deep", output: "grey", expected: [40, 30] },
    { source: "deep", output: "coarse", expected: [80, 60] },
    { source: "shallow", output: "trim", expected: [40, 30] },
    { source: "shallow", output: "p3", expected: [40, 30] },
    { source: "shallow", output: "coarse", expected: [80, 60] },
  ])(
    "$output of the $source source is the same alone and beside others",
    async ({ source, output, expected }) => {
      expect(await sizeOf(together.file(source, output))).toEqual(expected);
      expect(await sizeOf(alone[output]?.file(source, output) ?? "")).toEqual(expected);
    },
  );
});

describe("alpha", () => {
  const yellow = "#ffcc00";
  let run: PictureRun;
  beforeAll(async () => {
    await volume.put("in/logo.png", await logo());
    await volume.put("in/opaque.png", await png(flat("#c81e1e")));
    const jpeg = (name: string, fields: object) =>
      image(name, {
        format: "jpeg",
        quality: 100,
        chromaSubsampling: "4:4:4",
        background: yellow,
        ...fields,
      });
    run = await make("alpha", { logo: "in/logo.png" }, [
      jpeg("negated", { negate: true }),
      jpeg("negated-set", { negate: true, formats: ["png"] }),
      jpeg("negated-capped", { negate: true, maxBytes: 100_000 }),
      image("negated-flat", { negate: true, flatten: true, background: yellow }),
      image("negated-flat-deep", { negate: true, flatten: true, background: yellow, bitDepth: 16 }),
      jpeg("tinted", { tint: "#0000ff" }),
      jpeg("grey", { grayscale: true }),
      jpeg("darkened", { modulate: { brightness: 0.5 } }),
      jpeg("linear", { gamma: 2.2, width: 50 }),
      image("tiff", { format: "tiff", compression: "jpeg", quality: 100, background: yellow }),
      image("tiff-white", { format: "tiff", compression: "jpeg", quality: 100 }),
      image("tiff-boxed", {
        format: "tiff",
        compression: "jpeg",
        quality: 100,
        width: 100,
        height: 100,
        fit: "contain",
      }),
    ]);
  });
  const at = async (output: string, across: number, down: number) =>
    (await colourAt(await png(sharp(run.file("logo", output))), across, down)).slice(0, 3);

  test.each([
    ...["negated.jpg", "negated-set.jpg", "negated-capped.jpg", "negated-flat.png", "negated-flat-deep.png"],
    ...["tinted.jpg", "grey.jpg", "darkened.jpg", "linear.jpg", "tiff.tiff"],
  ])("%s lies on its background, which no tone changes", async (file) => {
    const corner = await colourAt(await png(sharp(volume.path(`alpha/logo/${file}`))), 0.02, 0.02);
    expect(deltaE(corner, [255, 204, 0])).toBeLessThan(3);
  });

  test("what is not transparent has its tone", async () => {
    expect(deltaE(await at("negated", 0.5, 0.5), [55, 225, 225])).toBeLessThan(3);
    expect(deltaE(await at("tiff", 0.5, 0.5), [200, 30, 30])).toBeLessThan(3);
  });

  test("a tiff of jpeg parts has no alpha, and lies on white where nothing else is said", async () => {
    expect((await sharp(run.file("logo", "tiff-white")).metadata()).hasAlpha).toBe(false);
    expect(deltaE(await at("tiff-white", 0.02, 0.02), [255, 255, 255])).toBeLessThan(2);
    expect(deltaE(await at("tiff-boxed", 0.5, 0.02), [255, 255, 255])).toBeLessThan(2);
  });
});

// Where a machine has no list of its fonts, no letter is refused; the worker image has one.
const hasFontconfig = spawnSync("fc-list", ["--version"]).error === undefined;
test.skipIf(!hasFontconfig)(
  "a text with a letter that no font has fails its output alone, and a font that is not there is told",
  async () => {
    await volume.put("in/sheet.png", await png(flat("#000000", [200, 40])));
    const text = (letters: string, font = "sans bold") => ({ overlays: [{ text: { text: letters, font } }] });
    const run = await make("letters", { a: "in/sheet.png" }, [
      image("plain", text("Grüße")),
      image("private", text("a\u{10fffd}")),
      image("strange", text("Grüße", "No Such Family bold")),
    ]);
    expect(run.result.warnings).toMatchObject([{ output: "strange", reason: "FontMissing" }]);
    expect(run.result.failures).toMatchObject([
      { output: "private", reason: "InvalidOutputSpec", message: expect.stringContaining("(U+10FFFD)") },
    ]);
    await expect(colourAt(run.file("a", "plain"), 0, 0)).resolves.toEqual([0, 0, 0, 255]);
  },
);

describe("clahe", () => {
  const outputs = ["plain", "sixteen", "p3", "keep", "grey", "large-window"];
  let run: PictureRun;
  const veil = (x: number) => (x < 32 ? 120 : 136);
  beforeAll(async () => {
    const [width, height] = [64, 64];
    const data = Buffer.alloc(width * height * 4);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      data.set([100 + x / 4, 110, 120 + y / 4, veil(x)], pixel * 4);
    }
    const veiled = sharp(data, { raw: { width, height, channels: 4 } });
    await volume.put("in/veiled.png", await png(veiled.clone()));
    await volume.put("in/bare.png", await png(veiled.clone().removeAlpha()));
    const clahe = { width: 16, height: 16 };
    run = await make("clahe", { veiled: "in/veiled.png", bare: "in/bare.png" }, [
      image("plain", { clahe }),
      image("sixteen", { clahe, bitDepth: 16 }),
      image("p3", { clahe, colourspace: "p3" }),
      image("keep", { clahe, colourspace: "keep" }),
      image("grey", { clahe, grayscale: true }),
      image("large-window", { clahe: { width: 100, height: 100 } }),
    ]);
  });

  test.each(outputs)("%s leaves alpha as it is, and equalises colours as without it", async (output) => {
    const read = async (source: string) =>
      await sharp(await png(sharp(run.file(source, output)).toColourspace("srgb")))
        .ensureAlpha()
        .raw()
        .toBuffer();
    const [veiled, bare] = [await read("veiled"), await read("bare")];
    for (let at = 0; at < veiled.length; at += 4) {
      expect(veiled[at + 3]).toBe(veil((at / 4) % 64));
      for (const channel of [at, at + 1, at + 2])
        expect(Math.abs((veiled[channel] ?? 0) - (bare[channel] ?? 0))).toBeLessThanOrEqual(1);
    }
    expect(Math.max(...bare.subarray(0, 4000)) - Math.min(...bare.subarray(0, 4000))).toBeGreaterThan(50);
  });
});

describe("tone and background", () => {
  let run: PictureRun;
  beforeAll(async () => {
    await volume.put("in/grey.png", await png(flat("#777777")));
    const blue = (name: string, fields: object) =>
      image(name, { gamma: 2.2, background: "#335577", ...fields });
    run = await make("tone", { grey: "in/grey.png" }, [
      image("sepia", { grayscale: true, tint: "#ff8000" }),
      image("tinted", { tint: "#ff8000" }),
      image("sepia-linear", { grayscale: true, tint: "#ff8000", gamma: 2.2, width: 30 }),
      blue("boxed", { width: 60, height: 60, fit: "contain" }),
      blue("extended", { width: 30, extend: { top: 10 } }),
      blue("tilted", { width: 30, rotate: 45 }),
      blue("turned", { width: 60, height: 60, fit: "contain", rotate: 90, extend: { top: 10 } }),
      blue("dark", { width: 60, height: 60, fit: "contain", background: "#1a1a1a" }),
      blue("deep", { width: 60, height: 60, fit: "contain", bitDepth: 16 }),
    ]);
  });

  test("greys take a tint", async () => {
    const tinted = await colourAt(run.file("grey", "tinted"), 0.5, 0.5);
    expect(await colourAt(run.file("grey", "sepia"), 0.5, 0.5)).toEqual(tinted);
    expect(deltaE(await colourAt(run.file("grey", "sepia-linear"), 0.5, 0.5), tinted)).toBeLessThan(3);
    expect(tinted[0]).toBeGreaterThan(150);
  });

  test.each([
    { output: "boxed", at: [0.5, 0.05], expected: [51, 85, 119] },
    { output: "extended", at: [0.5, 0.05], expected: [51, 85, 119] },
    { output: "tilted", at: [0.02, 0.02], expected: [51, 85, 119] },
    { output: "turned", at: [0.5, 0.05], expected: [51, 85, 119] },
    { output: "turned", at: [0.05, 0.5], expected: [51, 85, 119] },
    { output: "dark", at: [0.5, 0.05], expected: [26, 26, 26] },
    { output: "deep", at: [0.5, 0.05], expected: [51, 85, 119] },
  ])(
    "the background of $output is the colour that was asked for",
    async ({ output, at: [x = 0, y = 0], expected }) => {
      const file = await png(sharp(run.file("grey", output)));
      expect(deltaE(await colourAt(file, x, y), expected)).toBeLessThan(2.3);
      expect(deltaE(await colourAt(file, 0.5, 0.5), [119, 119, 119])).toBeLessThan(2.3);
    },
  );
});

describe("the background of wide colours", () => {
  const outputs = [
    "p3",
    "keep",
    "p3-flat",
    "keep-flat",
    "p3-laid",
    "p3-turned",
    "keep-turned",
    "p3-jpeg",
    "keep-jpeg",
    "p3-linear",
    "keep-linear",
    "p3-toned",
    "keep-toned",
    "srgb-deep",
  ];
  let run: PictureRun;
  beforeAll(async () => {
    const square = async (profile?: string) => {
      const picture = sharp(await logo());
      return await png(profile ? picture.withIccProfile(profile) : picture);
    };
    await volume.put("in/plain.png", await square());
    await volume.put("in/wide.png", await square("p3"));
    await volume.put(
      "in/deep.png",
      await png(
        sharp(await square())
          .toColourspace("rgb16")
          .withIccProfile("srgb"),
      ),
    );
    await volume.put("in/dot.png", await png(flat("#0000ff", [4, 4])));
    const boxed = { width: 100, height: 100, fit: "contain", background: "#28b43c" };
    run = await make("wide", { plain: "in/plain.png", wide: "in/wide.png", deep: "in/deep.png" }, [
      ...["p3", "keep"].flatMap((colourspace) => [
        image(colourspace, { ...boxed, colourspace }),
        image(`${colourspace}-flat`, { colourspace, background: "#28b43c", flatten: true }),
        image(`${colourspace}-turned`, { ...boxed, colourspace, rotate: 90, extend: { top: 10, left: 10 } }),
        image(`${colourspace}-jpeg`, {
          ...{ format: "jpeg", formats: ["png"], quality: 100 },
          ...{ colourspace, background: "#28b43c", width: 50 },
        }),
        image(`${colourspace}-linear`, { ...boxed, colourspace, gamma: 2.2 }),
        image(`${colourspace}-toned`, { ...boxed, colourspace, flatten: true, blur: 0.5 }),
      ]),
      image("srgb-deep", { ...boxed, bitDepth: 16 }),
      image("p3-laid", {
        ...boxed,
        colourspace: "p3",
        overlays: [{ image: { path: "in/dot.png" } }],
        flatten: true,
      }),
    ]);
  });

  test.each(outputs.flatMap((output) => ["plain", "wide", "deep"].map((source) => ({ output, source }))))(
    "$output of the $source source has the green that was asked for",
    async ({ output, source }) => {
      const path = run.files.find((each) => each.startsWith(`wide/${source}/${output}.`)) ?? "";
      const file = sharp(volume.path(path));
      // libvips would take 16 bits without a label for P3.
      const labelled = (await file.metadata()).icc ? file.withIccProfile("srgb") : file;
      const seen = await png(labelled.toColourspace("srgb"));
      expect(deltaE((await colourAt(seen, 0.02, 0.02)).slice(0, 3), GREEN)).toBeLessThan(2.3);
    },
  );
});
