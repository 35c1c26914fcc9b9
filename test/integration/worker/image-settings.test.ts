import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { colourAt, deltaE, RED } from "../../worker/pictures.ts";
import { makeVolume, type WorkerVolume } from "../../worker/run-worker.ts";
import { ffmpeg } from "./clips.ts";
import { image, type PictureMaker, type PictureRun, pictureMaker } from "./image-workshop.ts";

/** What settings do to pictures that are deep, wide or small, and what they do together. */

let volume: WorkerVolume;
let make: PictureMaker;
beforeAll(async () => {
  volume = await makeVolume();
  make = pictureMaker(volume);
});
afterAll(() => volume.remove());

const flat = (width: number, height: number, background: string) =>
  sharp({ create: { width, height, channels: 3, background } });

/** 64 × 64 pixels of 4096 colours. */
function colourful(): Sharp {
  const pixels = Array.from({ length: 64 * 64 }, (_, at) => [(at % 64) * 4, Math.floor(at / 64) * 4, 128]);
  return sharp(Buffer.from(pixels.flat()), { raw: { width: 64, height: 64, channels: 3 } });
}

const pixelsOf = async (file: string | Sharp) =>
  await (typeof file === "string" ? sharp(file) : file).removeAlpha().raw().toBuffer();
const sizeOf = async (file: string) => {
  const { width, height } = await sharp(file).metadata();
  return [width, height];
};

describe("a PNG", () => {
  let run: PictureRun;
  beforeAll(async () => {
    await volume.put("in/colourful.png", await colourful().png().toBuffer());
    run = await make("lossless", { a: "in/colourful.png" }, [
      image("effort", { effort: 9 }),
      image("hasty", { effort: 0 }),
      image("number", { quality: 80 }),
      image("beside", { format: "jpeg", formats: ["png"], quality: 80 }),
      image("high", { quality: "High", progressive: true }),
      image("low", { quality: "Low" }),
      image("few", { palette: { colours: 16 }, effort: 9, quality: 90 }),
      image("deep", { bitDepth: 16, quality: "Low", effort: 5 }),
    ]);
  });

  test.each(["effort", "hasty", "number", "high"])("of %s keeps every pixel", async (output) => {
    expect((await pixelsOf(run.file("a", output))).equals(await pixelsOf(colourful()))).toBe(true);
    expect((await sharp(run.file("a", output)).metadata()).isPalette).toBe(false);
  });

  test("beside a JPEG of some quality keeps every pixel", async () => {
    const png = run.files.find((path) => path.startsWith("lossless/a/beside") && path.endsWith(".png"));
    expect((await pixelsOf(volume.path(png ?? ""))).equals(await pixelsOf(colourful()))).toBe(true);
  });

  test("has a palette where that is asked for, and never with 16 bits", async () => {
    expect((await sharp(run.file("a", "low")).metadata()).isPalette).toBe(true);
    const few = await pixelsOf(run.file("a", "few"));
    const colours = new Set(Array.from({ length: 4096 }, (_, at) => few.toString("hex", at * 3, at * 3 + 3)));
    expect(colours.size).toBeLessThanOrEqual(16);
    expect(await sharp(run.file("a", "deep")).metadata()).toMatchObject({
      depth: "ushort",
      isPalette: false,
    });
  });
});

describe("tone of deep and wide pictures", () => {
  const SOURCES = ["shallow", "deep", "labelled", "wide"] as const;
  const OUTPUTS = ["plain", "deep16", "as-p3", "kept"] as const;
  const fields = { plain: {}, deep16: { bitDepth: 16 }, "as-p3": { colourspace: "p3" } };
  const all = { ...fields, kept: { colourspace: "keep" } };
  let alone: PictureRun;
  let together: PictureRun;
  beforeAll(async () => {
    const dull = await colourful().grayscale().linear(0.3, 90).toColourspace("srgb").png().toBuffer();
    await volume.put("in/shallow.png", dull);
    await volume.put("in/deep.png", await sharp(dull).toColourspace("rgb16").png().toBuffer());
    await volume.put(
      "in/labelled.png",
      await sharp(dull).toColourspace("rgb16").withIccProfile("srgb").png().toBuffer(),
    );
    await volume.put("in/wide.png", await sharp(dull).withIccProfile("p3").png().toBuffer());
    const sources = Object.fromEntries(SOURCES.map((name) => [name, `in/${name}.png`]));
    const of = (steps: Record<string, object>) =>
      Object.entries(steps).flatMap(([step, set]) =>
        Object.entries(all).map(([name, look]) => image(`${step}-${name}`, { ...look, ...set })),
      );
    const steps = { enhance: { enhance: { strength: 1 } }, clahe: { clahe: { width: 20, height: 20 } } };
    together = await make("together", sources, of(steps));
    alone = await make("alone", sources, [image("enhance-plain", { enhance: { strength: 1 } })]);
  });
  const greysOf = async (run: PictureRun, source: string, output: string) =>
    await pixelsOf(sharp(await sharp(run.file(source, output)).toColourspace("srgb").png().toBuffer()));
  const difference = (one: Buffer, other: Buffer) =>
    Math.max(...one.map((value, at) => Math.abs(value - (other[at] ?? 0))));

  const cells = SOURCES.flatMap((source) => OUTPUTS.map((output) => ({ source, output })));
  // libvips takes a deep picture without a profile for P3, which the worker refuses.
  const made = cells.filter(({ source, output }) => source !== "deep" || output !== "as-p3");

  test.each(made)("enhance of $source as $output looks as that of 8 bits", async ({ source, output }) => {
    const expected = await greysOf(alone, "shallow", "enhance-plain");
    const found = await greysOf(together, source, `enhance-${output}`);
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(150);
    expect(difference(found, expected)).toBeLessThanOrEqual(6);
  });

  test.each(made)("clahe of $source as $output works on 8 bits", async ({ source, output }) => {
    const expected = await greysOf(together, "shallow", "clahe-plain");
    expect(difference(await greysOf(together, source, `clahe-${output}`), expected)).toBeLessThanOrEqual(12);
  });

  test("whether other outputs are made changes nothing that can be seen", async () => {
    for (const source of SOURCES) {
      const one = await greysOf(alone, source, "enhance-plain");
      const other = await greysOf(together, source, "enhance-plain");
      expect(difference(one, other), source).toBeLessThanOrEqual(6);
    }
  });
});

describe("windows and edges that are larger than a picture", () => {
  const OUTPUTS = [
    image("clahe", { clahe: { width: 40, height: 40 } }),
    image("median", { median: 5 }),
    image("enhance", { enhance: { strength: 0.8 } }),
    image("trim", { trim: {} }),
    image("trimmed-median", { trim: {}, median: 15, rotate: 90 }),
    image("unenlarged", { width: 500, height: 500, withoutEnlargement: true, median: 15 }),
  ];
  beforeAll(async () => {
    await volume.put("in/low.png", await flat(20, 2, "#dc281e").png().toBuffer());
    await volume.put("in/dot.png", await flat(1, 1, "#dc281e").png().toBuffer());
  });

  test.each([
    ["one by one", OUTPUTS.map((output) => [output])],
    ["all together", [OUTPUTS]],
  ])("are cut to it, the outputs made %s", async (_, units) => {
    for (const [index, outputs] of units.entries()) {
      const run = await make(
        `small-${units.length}-${index}`,
        { low: "in/low.png", dot: "in/dot.png" },
        outputs,
      );
      expect(run.result.failures).toEqual([]);
      for (const { name } of outputs) {
        expect(await sizeOf(run.file("dot", name))).toEqual([1, 1]);
        const [low = [], turned = []] = [
          [20, 2],
          [2, 20],
        ];
        expect(await sizeOf(run.file("low", name))).toEqual(name === "trimmed-median" ? turned : low);
        if (name !== "clahe")
          expect(deltaE(await colourAt(run.file("low", name), 0.5, 0.5), RED)).toBeLessThan(60);
      }
    }
  });
});

describe("a picture whose colours go by other numbers is made, with a warning where that is not sRGB's:", () => {
  const ROWS = [
    { transfer: "smpte2084", reasons: ["HdrTakenForSrgb"] },
    { transfer: "arib-std-b67", reasons: ["HdrTakenForSrgb"] },
    { transfer: "iec61966-2-1", reasons: ["GamutTakenForSrgb"] },
    { transfer: "iec61966-2-1", primaries: "bt709", reasons: [] },
  ].map(({ primaries = "bt2020", ...row }) => ({ name: `${row.transfer}-${primaries}`, primaries, ...row }));
  let run: PictureRun;
  beforeAll(async () => {
    for (const { name, transfer, primaries } of ROWS)
      ffmpeg(
        ...["-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", "-pix_fmt", "yuv420p10le"],
        ...["-c:v", "libsvtav1", "-color_primaries", primaries, "-colorspace", "bt2020nc"],
        ...["-color_trc", transfer, await volume.put(`in/${name}.avif`, "")],
      );
    const sources = Object.fromEntries(ROWS.map(({ name }) => [name, `in/${name}.avif`]));
    run = await make("numbers", sources, [image("one", {}), image("other", { format: "jpeg" })]);
  });

  test.each(ROWS)("$name", ({ name, reasons }) => {
    expect(run.result.failures).toEqual([]);
    const warnings = run.result.warnings.filter(({ source }) => source === name);
    expect(warnings.map(({ reason }) => reason)).toEqual(reasons);
  });
});

describe("what a sound source is not to blame for", () => {
  test.each([1, 2])("fails its output alone, as a matter of the spec, of %i outputs", async (outputs) => {
    const frames = await Promise.all(
      ["#ff0000", "#00ff00"].map((fill) => flat(20, 20, fill).png().toBuffer()),
    );
    await volume.put(
      "in/moving.gif",
      await sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer(),
    );
    // The API refuses it today; it may be that a MediaJob was made before.
    const refused = { format: "webp", animated: true, width: 10, height: 20, position: "attention" };
    const others = outputs > 1 ? [image("still", {}), image("small", { width: 10 })] : [];
    const run = await make(`blame-${outputs}`, { a: "in/moving.gif" }, [image("cut", refused), ...others]);
    expect(run.result.failures).toMatchObject([
      { source: "a", output: "cut", reason: "InvalidOutputSpec", class: "config" },
    ]);
    expect(run.result.failures[0]?.message).toContain("output cut cannot be made as webp");
    expect(
      run.files.filter((path) => path.startsWith(`blame-${outputs}/`) && path.endsWith(".png")),
    ).toHaveLength(others.length);
  });
});

describe("geometry with other settings", () => {
  const STRIPES = { top: "#dc281e", bottom: "#1e3cc8" };
  const striped = async (width: number, height: number) =>
    flat(width, height, "#ffffff").composite([
      { input: await flat(width, 8, STRIPES.top).png().toBuffer(), top: 0, left: 0 },
      { input: await flat(width, 8, STRIPES.bottom).png().toBuffer(), top: height - 8, left: 0 },
    ]);
  let run: PictureRun;
  beforeAll(async () => {
    const square = await (await striped(40, 40)).png().toBuffer();
    await volume.put(
      "in/framed.png",
      await sharp(square).extend({ left: 60, background: "#000000" }).png().toBuffer(),
    );
    await volume.put(
      "in/lying.jpg",
      await (await striped(40, 80))
        .withMetadata({ orientation: 6 })
        .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
        .toBuffer(),
    );
    const checks = Array.from({ length: 64 * 64 }, (_, at) => (((at % 64) + Math.floor(at / 64)) % 2) * 255);
    const checkered = sharp(Buffer.from(checks), { raw: { width: 64, height: 64, channels: 1 } });
    await volume.put("in/checkered.png", await checkered.png().toBuffer());
    run = await make(
      "geometry",
      { framed: "in/framed.png", lying: "in/lying.jpg", checkered: "in/checkered.png" },
      [
        image("trimmed", { upscale: 2, trim: {} }),
        image("trimmed-turned", { upscale: 4, trim: {}, rotate: 90, formats: ["webp"] }),
        image("stored", { upscale: 2, autoOrient: false }),
        image("stored-set", { widths: [30, 60], withoutEnlargement: true, autoOrient: false }),
        image("linear", { gamma: 2.2, width: 16 }),
        image("linear-turned", { gamma: 2.2, width: 16, rotate: 90 }),
      ],
    );
  });
  const stripes = async (file: string) => [
    deltaE(await colourAt(file, 0.5, 0.05), [220, 40, 30]) < 3,
    deltaE(await colourAt(file, 0.5, 0.95), [30, 60, 200]) < 3,
  ];

  test("upscale multiplies what trim leaves", async () => {
    expect(await sizeOf(run.file("framed", "trimmed"))).toEqual([80, 80]);
    expect(await stripes(run.file("framed", "trimmed"))).toEqual([true, true]);
    const turned = run.files.filter((path) => /^geometry\/framed\/trimmed-turned.*(png|webp)$/.test(path));
    expect(await Promise.all(turned.map((path) => sizeOf(volume.path(path))))).toEqual([
      [160, 160],
      [160, 160],
    ]);
  });

  test("upscale and a set of widths go by the size as stored where the picture is not turned upright", async () => {
    expect(await sizeOf(run.file("lying", "stored"))).toEqual([80, 160]);
    expect(await stripes(run.file("lying", "stored"))).toEqual([true, true]);
    const set = run.files.filter((path) => /^geometry\/lying\/stored-set.*png$/.test(path)).toSorted();
    expect(await Promise.all(set.map((path) => sizeOf(volume.path(path))))).toEqual([
      [30, 60],
      [40, 80],
    ]);
  });

  test("gamma resizes in linear light, turned or not", async () => {
    for (const output of ["linear", "linear-turned"]) {
      const [grey = 0] = await colourAt(run.file("checkered", output), 0.5, 0.5);
      expect(Math.abs(grey - 186), output).toBeLessThanOrEqual(2);
    }
  });
});

describe("overlays", () => {
  let run: PictureRun;
  beforeAll(async () => {
    await volume.put("in/logo.png", await flat(10, 10, "#dc281e").png().toBuffer());
    const white = flat(40, 40, "#ffffff");
    await volume.put("in/white.png", await white.withIccProfile("p3").png().toBuffer());
    const halves = await flat(10, 10, "#ffffff")
      .composite([{ input: await flat(5, 10, "#000000").png().toBuffer(), left: 0, top: 0 }])
      .png()
      .toBuffer();
    await volume.put("in/halves.png", halves);
    const logo = [{ image: { path: "in/logo.png" } }];
    const text = [{ text: { text: "\u2588\u2588\u2588", size: 30, colour: "#dc281e" } }];
    const tiles = { image: { path: "in/halves.png" }, gravity: "northwest", tile: true };
    run = await make("overlays", { white: "in/white.png" }, [
      image("plain", { overlays: logo }),
      image("as-p3", { colourspace: "p3", overlays: logo }),
      image("deep-p3", { colourspace: "p3", bitDepth: 16, overlays: logo }),
      image("kept", { colourspace: "keep", overlays: logo }),
      image("kept-text", { colourspace: "keep", overlays: text }),
      image("tiles", { overlays: [tiles] }),
      image("moved", { overlays: [{ ...tiles, offset: { horizontal: -23, vertical: 4 } }] }),
    ]);
  });

  test.each(["plain", "as-p3", "deep-p3", "kept", "kept-text"])(
    "have their own colours on %s",
    async (output) => {
      const seen = await sharp(run.file("white", output)).withIccProfile("srgb").png().toBuffer();
      expect(deltaE(await colourAt(seen, 0.5, 0.5), RED)).toBeLessThan(2.3);
    },
  );

  test("in tiles are moved by their offset", async () => {
    const line = async (output: string) => {
      const pixels = await pixelsOf(run.file("white", output));
      return Array.from({ length: 40 }, (_, at) => pixels[at * 3]);
    };
    const still = await line("tiles");
    expect(still.slice(0, 10)).toEqual([0, 0, 0, 0, 0, 255, 255, 255, 255, 255]);
    const moved = await line("moved");
    expect(moved.slice(0, 17)).toEqual(still.slice(23, 40));
  });
});
