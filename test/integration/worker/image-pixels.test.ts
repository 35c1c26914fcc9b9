import { readFile } from "node:fs/promises";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BLUE,
  colourAt,
  deltaE,
  GREEN,
  noise,
  photo,
  quadrants,
  RED,
  YELLOW,
} from "../../worker/pictures.ts";
import { makeVolume, type WorkerVolume } from "../../worker/run-worker.ts";
import { image, type PictureMaker, type PictureRun, pictureMaker } from "./image-workshop.ts";

/**
 * What the pictures look like: every output below is made by one run of the worker program, then its pixels
 * are compared with what the words of the API promise.
 */

const WHITE = [255, 255, 255];
const NAMES: [string, readonly number[]][] = [
  ["red", RED],
  ["green", GREEN],
  ["blue", BLUE],
  ["yellow", YELLOW],
  ["white", WHITE],
  ["black", [0, 0, 0]],
];

/** The name of the nearest colour, or of none when alpha is nothing. */
function named(pixel: readonly number[]): string {
  if (pixel.length === 4 && (pixel[3] ?? 255) < 8) return "clear";
  const [nearest] = NAMES.toSorted(([, a], [, b]) => deltaE(a, pixel) - deltaE(b, pixel));
  return nearest && deltaE(nearest[1], pixel) < 8 ? nearest[0] : `rgb ${pixel.join(" ")}`;
}

/** The four corners' colours, clockwise from the top left, a tenth in from the edge. */
const corners = async (file: string) =>
  Promise.all(
    (
      [
        [0.1, 0.1],
        [0.9, 0.1],
        [0.9, 0.9],
        [0.1, 0.9],
      ] as const
    ).map(async ([x, y]) => named(await colourAt(file, x, y))),
  );

const UPRIGHT = ["red", "green", "blue", "yellow"];
let volume: WorkerVolume;
let make: PictureMaker;
beforeAll(async () => {
  volume = await makeVolume();
  make = pictureMaker(volume);
});
afterAll(() => volume.remove());

describe("orientation", () => {
  // Each source is stored so that its tag turns it into the upright picture: the inverse of what Exif's tag Orientation (0x0112) says.
  const stored: [number, (upright: Sharp) => Sharp][] = [
    [1, (upright) => upright],
    [2, (upright) => upright.flop()],
    [3, (upright) => upright.rotate(180)],
    [4, (upright) => upright.flip()],
    [5, (upright) => upright.flop().rotate(270)],
    [6, (upright) => upright.rotate(270)],
    [7, (upright) => upright.flop().rotate(90)],
    [8, (upright) => upright.rotate(90)],
  ];
  let run: PictureRun;
  beforeAll(async () => {
    const edged = await quadrants().extend({ left: 40, background: "#ffffff" }).png().toBuffer();
    for (const [tag, turn] of stored) {
      const put = async (name: string, upright: Sharp) => {
        const turned = await turn(upright).png().toBuffer();
        const file = sharp(turned)
          .withMetadata({ orientation: tag })
          .jpeg({ quality: 95, chromaSubsampling: "4:4:4" });
        await volume.put(`in/${name}.jpg`, await file.toBuffer());
      };
      await put(`o${tag}`, quadrants());
      await put(`edged${tag}`, sharp(edged));
    }
    const names = stored.flatMap(([tag]) => [`o${tag}`, `edged${tag}`]);
    run = await make("orientation", Object.fromEntries(names.map((name) => [name, `in/${name}.jpg`])), [
      image("whole", {}),
      image("small", { width: 60 }),
      image("as-stored", { autoOrient: false }),
      image("as-stored-tiff", { format: "tiff", autoOrient: false }),
      image("as-stored-avif", { format: "avif", effort: 0, autoOrient: false }),
      image("kept-avif", { format: "avif", effort: 0, autoOrient: false, metadata: "Keep" }),
      image("trimmed", { trim: {}, colourspace: "keep" }), // from a decode of its own
    ]);
  });

  test.each(stored.map(([tag]) => tag))(
    "%i is turned upright, and so is what is resized from it",
    async (tag) => {
      expect(await corners(run.file(`o${tag}`, "whole"))).toEqual(UPRIGHT);
      expect(await sharp(run.file(`o${tag}`, "whole")).metadata()).toMatchObject({ width: 120, height: 80 });
      expect(await corners(run.file(`o${tag}`, "small"))).toEqual(UPRIGHT);
      expect(await sharp(run.file(`o${tag}`, "small")).metadata()).toMatchObject({ width: 60, height: 40 });
      expect((await sharp(run.file(`o${tag}`, "whole")).metadata()).orientation ?? 1).toBe(1);
    },
  );

  test.each(stored.map(([tag]) => tag))("%i is trimmed by its upright corner", async (tag) => {
    const file = run.file(`edged${tag}`, "trimmed");
    expect(await sharp(file).metadata()).toMatchObject({ width: 120, height: 80 });
    expect(await corners(file)).toEqual(UPRIGHT);
  });

  test("autoOrient false keeps the pixels as they are stored", async () => {
    expect(await sharp(run.file("o6", "as-stored")).metadata()).toMatchObject({ width: 80, height: 120 });
  });

  test.each(["avif", "tiff"])("and so does a file of %s, which might be turned by itself", async (format) => {
    for (const source of ["o2", "o6"]) {
      const file = run.file(source, `as-stored-${format}`);
      expect(await corners(file)).toEqual(await corners(run.file(source, "as-stored")));
      expect((await sharp(file).metadata()).orientation ?? 1).toBe(1);
    }
  });

  test("an AVIF that keeps all, its orientation too, is turned by who shows it", async () => {
    const file = run.file("o6", "kept-avif");
    expect(await corners(file)).toEqual(UPRIGHT);
    expect(await sharp(file).metadata()).toMatchObject({ width: 120, height: 80 });
  });
});

describe("geometry", () => {
  let run: PictureRun;
  beforeAll(async () => {
    await volume.put("in/q.png", await quadrants().png().toBuffer());
    await volume.put(
      "in/framed.png",
      await quadrants()
        .extend({ top: 20, bottom: 10, left: 30, right: 30, background: "#ffffff" })
        .png()
        .toBuffer(),
    );
    const quarters = ["#dc281e", "#28b43c", "#e6d228", "#1e3cc8"].map(
      (fill, index) =>
        `<rect x="${(index % 2) * 60}" y="${index < 2 ? 0 : 40}" width="60" height="40" fill="${fill}"/>`,
    );
    await volume.put(
      "in/q.svg",
      `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80">${quarters.join("")}</svg>`,
    );
    run = await make("geometry", { q: "in/q.png", framed: "in/framed.png", drawn: "in/q.svg" }, [
      image("cover", { width: 40, height: 40 }),
      image("cover-left", { width: 40, height: 80, position: "left" }),
      image("contain", { width: 80, height: 80, fit: "contain" }),
      image("contain-red", { width: 80, height: 80, fit: "contain", background: "#ff0000" }),
      image("contain-jpeg", { format: "jpeg", width: 80, height: 80, fit: "contain" }),
      image("fill", { width: 40, height: 80, fit: "fill" }),
      image("fill-one-edge", { height: 40, fit: "fill" }),
      image("inside", { width: 40, height: 80, fit: "inside" }),
      image("outside", { width: 40, height: 80, fit: "outside" }),
      image("kept-small", { width: 400, withoutEnlargement: true }),
      image("upscaled", { upscale: 2 }),
      image("extract", { extract: { left: 60, top: 40, width: 60, height: 40 } }),
      image("extract-out", { extract: { left: 60, top: 40, width: 600, height: 40 } }),
      image("extract-large", { extract: { left: 60, top: 40, width: 60, height: 40 }, width: 240 }),
      image("trim", { trim: {} }),
      image("turned", { width: 60, rotate: 90 }),
      image("turned-cover", { width: 40, height: 40, rotate: -90 }),
      image("tilted", { rotate: 45 }),
      image("flipped", { flip: true }),
      image("flopped", { flop: true }),
      image("extended", { extend: { top: 20, left: 40 }, background: "#000000" }),
      image("circle", { width: 80, height: 80, shape: { circle: {} } }),
      image("rounded-jpeg", {
        format: "jpeg",
        quality: 100,
        chromaSubsampling: "4:4:4",
        width: 80,
        height: 80,
        shape: { rounded: { radius: 30 } },
        background: "#000000",
      }),
    ]);
  });
  const size = async (output: string, source = "q") => {
    const { width, height } = await sharp(run.file(source, output)).metadata();
    return [width, height];
  };

  test.each([
    { output: "cover", expected: [40, 40], colours: UPRIGHT },
    { output: "cover-left", expected: [40, 80], colours: ["red", "red", "yellow", "yellow"] },
    { output: "contain", expected: [80, 80], colours: ["clear", "clear", "clear", "clear"] },
    { output: "contain-jpeg", expected: [80, 80], colours: ["white", "white", "white", "white"] },
    { output: "fill", expected: [40, 80], colours: UPRIGHT },
    { output: "fill-one-edge", expected: [60, 40], colours: UPRIGHT },
    { output: "inside", expected: [40, 27], colours: UPRIGHT },
    { output: "outside", expected: [120, 80], colours: UPRIGHT },
    { output: "kept-small", expected: [120, 80], colours: UPRIGHT },
    { output: "upscaled", expected: [240, 160], colours: UPRIGHT },
    { output: "extract", expected: [60, 40], colours: ["blue", "blue", "blue", "blue"] },
    { output: "turned", expected: [40, 60], colours: ["yellow", "red", "green", "blue"] },
    { output: "turned-cover", expected: [40, 40], colours: ["green", "blue", "yellow", "red"] },
    { output: "tilted", expected: [141, 141], colours: ["clear", "clear", "clear", "clear"] },
    { output: "flipped", expected: [120, 80], colours: ["yellow", "blue", "green", "red"] },
    { output: "flopped", expected: [120, 80], colours: ["green", "red", "yellow", "blue"] },
    { output: "extended", expected: [160, 100], colours: ["black", "black", "blue", "black"] },
  ])("$output", async ({ output, expected, colours }) => {
    expect(await size(output)).toEqual(expected);
    expect(await corners(run.file("q", output))).toEqual(colours);
  });

  test("trim finds the picture within its frame", async () => {
    expect(await size("trim", "framed")).toEqual([120, 80]);
    expect(await corners(run.file("framed", "trim"))).toEqual(UPRIGHT);
  });

  test("a region of a drawing is told in the drawing's own pixels, whatever the size that is asked for", async () => {
    expect(await size("extract-large", "drawn")).toEqual([240, 160]);
    expect(await corners(run.file("drawn", "extract-large"))).toEqual(Array(4).fill("blue"));
  });

  test("a region outside the source fails that output alone, with a word on why", () => {
    expect(run.result.failures.filter(({ source }) => source === "q")).toMatchObject([
      {
        output: "extract-out",
        reason: "InvalidOutputSpec",
        message: "output extract-out extracts 600 × 40 pixels from 60, 40 on, and source q has 120 × 80",
      },
    ]);
  });

  test("a shape cuts the corners, to nothing or to the background where there is no alpha", async () => {
    expect(named(await colourAt(run.file("q", "circle"), 0.02, 0.02))).toBe("clear");
    expect(named(await colourAt(run.file("q", "circle"), 0.3, 0.3))).toBe("red");
    expect(named(await colourAt(run.file("q", "rounded-jpeg"), 0.01, 0.01))).toBe("black");
    expect(named(await colourAt(run.file("q", "rounded-jpeg"), 0.3, 0.3))).toBe("red");
  });
});

describe("colour", () => {
  const wide = [0, 255, 0]; // the greenest green of Display P3
  let run: PictureRun;
  beforeAll(async () => {
    const flat = (rgb: readonly number[]) =>
      sharp({
        create: {
          width: 64,
          height: 64,
          channels: 3,
          background: { r: rgb[0] ?? 0, g: rgb[1] ?? 0, b: rgb[2] ?? 0 },
        },
      });
    await volume.put("in/srgb.png", await flat(RED).png().toBuffer());
    await volume.put("in/p3.png", await flat(RED).withIccProfile("p3").png().toBuffer());
    await volume.put(
      "in/cmyk.jpg",
      await flat(RED).toColourspace("cmyk").withIccProfile("cmyk").jpeg({ quality: 100 }).toBuffer(),
    );
    await volume.put(
      "in/deep.png",
      await flat(RED).toColourspace("rgb16").withIccProfile("srgb").png().toBuffer(),
    );
    await volume.put("in/wide.png", await rawProfile(wide));
    await volume.put("in/grey.png", await flat([120, 120, 120]).toColourspace("b-w").png().toBuffer());
    run = await make(
      "colour",
      {
        srgb: "in/srgb.png",
        p3: "in/p3.png",
        cmyk: "in/cmyk.jpg",
        deep: "in/deep.png",
        wide: "in/wide.png",
        grey: "in/grey.png",
      },
      [
        image("plain", {}),
        image("small", { width: 32 }),
        image("jpeg", { format: "jpeg", quality: 100, chromaSubsampling: "4:4:4" }),
        image("as-p3", { colourspace: "p3" }),
        image("kept", { colourspace: "keep" }),
        image("deep16", { bitDepth: 16 }),
        image("gif-p3", { format: "gif", colourspace: "p3" }),
        image("gif-kept", { format: "gif", formats: ["png"], keepMetadata: ["Icc"] }),
      ],
    );
  });

  test.each(["srgb", "p3", "cmyk", "deep"])(
    "%s comes out as the same red, in every way through the worker",
    async (source) => {
      // CMYK cannot hold that red: what it holds is 12 away, in every program that goes by the profile.
      const limit = source === "cmyk" ? 15 : 2.3;
      for (const output of ["plain", "small", "jpeg"]) {
        expect(deltaE(await colourAt(run.file(source, output), 0.5, 0.5), RED), output).toBeLessThan(limit);
      }
      const back = await sharp(run.file(source, "as-p3")).png().toBuffer(); // read by its profile
      expect(deltaE(await colourAt(back, 0.5, 0.5), RED)).toBeLessThan(limit);
    },
  );

  test("a wide gamut is kept where asked, and not cut on its way", async () => {
    const kept = await sharp(run.file("wide", "as-p3"), { ignoreIcc: true }).raw().toBuffer();
    expect(deltaE([...kept.subarray(0, 3)], wide)).toBeLessThan(2.3);
    expect((await sharp(run.file("wide", "as-p3")).metadata()).hasProfile).toBe(true);
    const keep = await sharp(run.file("wide", "kept"), { ignoreIcc: true }).raw().toBuffer();
    expect(deltaE([...keep.subarray(0, 3)], wide)).toBeLessThan(2.3);
    expect((await sharp(run.file("wide", "kept")).metadata()).hasProfile).toBe(true);
    const { icc } = await sharp(run.file("wide", "plain")).metadata();
    const label = await sharp(await quadrants().withIccProfile("srgb").png().toBuffer()).metadata();
    expect(icc?.equals(label.icc ?? Buffer.alloc(0)), "labelled as the sRGB that it is").toBe(true);
  });

  test.each(["gif-p3", "gif-kept"])(
    "a GIF, which cannot say what its colours are, is sRGB: %s",
    async (output) => {
      for (const source of ["srgb", "p3", "deep"])
        expect(deltaE(await colourAt(run.file(source, output), 0.5, 0.5), RED), source).toBeLessThan(2.3);
    },
  );

  test("CMYK becomes sRGB where its own colours are to be kept, too, and says so", async () => {
    const kept = await sharp(run.file("cmyk", "kept")).metadata();
    const label = await sharp(await quadrants().withIccProfile("srgb").png().toBuffer()).metadata();
    expect(kept.space).toBe("srgb");
    expect(kept.icc?.equals(label.icc ?? Buffer.alloc(0))).toBe(true);
  });

  test("16 bits stay 16 bits where asked, and become 8 elsewhere", async () => {
    expect((await sharp(run.file("deep", "deep16")).metadata()).depth).toBe("ushort");
    expect((await sharp(run.file("deep", "plain")).metadata()).depth).toBe("uchar");
  });

  test("grey stays grey", async () => {
    const [value] = await colourAt(run.file("grey", "plain"), 0.5, 0.5);
    expect(Math.abs((value ?? 0) - 120)).toBeLessThanOrEqual(1);
  });

  /** Pixels that are labelled as Display P3 without being converted to it. */
  async function rawProfile([r = 0, g = 0, b = 0]: readonly number[]): Promise<Buffer> {
    const label = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#808080" } })
      .withIccProfile("p3")
      .png()
      .toBuffer();
    const chunk = chunkOf(label, "iCCP");
    const plain = await sharp({ create: { width: 64, height: 64, channels: 3, background: { r, g, b } } })
      .png()
      .toBuffer();
    return Buffer.concat([plain.subarray(0, 33), chunk, plain.subarray(33)]); // after IHDR
  }
  function chunkOf(png: Buffer, type: string): Buffer {
    const start = png.indexOf(type) - 4;
    return png.subarray(start, start + 12 + png.readUInt32BE(start));
  }
});

describe("alpha and overlays", () => {
  let run: PictureRun;
  beforeAll(async () => {
    const half = { r: 255, g: 0, b: 0, alpha: 0.5 };
    await volume.put(
      "in/half.png",
      await sharp({ create: { width: 60, height: 60, channels: 4, background: half } })
        .png()
        .toBuffer(),
    );
    await volume.put(
      "in/white.png",
      await sharp({ create: { width: 100, height: 100, channels: 3, background: "#ffffff" } })
        .png()
        .toBuffer(),
    );
    await volume.put(
      "in/logo.png",
      await sharp({ create: { width: 20, height: 10, channels: 4, background: "#000000" } })
        .png()
        .toBuffer(),
    );
    const logo = { image: { path: "in/logo.png" } };
    run = await make("overlays", { half: "in/half.png", white: "in/white.png" }, [
      ...["png", "webp", "avif", "tiff"].map((format) =>
        image(format, { format, lossless: undefined, quality: 100 }),
      ),
      image("jpeg", { format: "jpeg", quality: 100, background: "#0000ff" }),
      image("flat", { flatten: true }),
      image("corner", {
        overlays: [{ ...logo, gravity: "southeast", offset: { horizontal: -10, vertical: -10 } }],
      }),
      image("faint", { overlays: [{ ...logo, gravity: "centre", opacity: 0.5 }] }),
      image("tiled", { overlays: [{ ...logo, tile: true }] }),
      image("large", { width: 10, height: 10, overlays: [{ ...logo }] }),
      image("text", { overlays: [{ text: { text: "<i>&amp; 100 %", size: 20, colour: "#dc281e" } }] }),
      image("missing", { overlays: [{ image: { path: "in/none.png" } }] }),
      image("outside", { overlays: [{ image: { path: "../secret.png" } }] }),
    ]);
  });

  test.each(["png", "webp", "avif", "tiff"])("%s keeps half of alpha", async (format) => {
    const [r = 0, g = 0, b = 0, alpha = 0] = await colourAt(run.file("half", format), 0.5, 0.5);
    expect(deltaE([r, g, b], [255, 0, 0])).toBeLessThan(5);
    expect(Math.abs(alpha - 128)).toBeLessThanOrEqual(2);
  });

  test("a format without alpha shows the background through", async () => {
    expect(deltaE(await colourAt(run.file("half", "jpeg"), 0.5, 0.5), [128, 0, 127])).toBeLessThan(5);
    expect(deltaE(await colourAt(run.file("half", "flat"), 0.5, 0.5), [255, 127, 127])).toBeLessThan(3);
  });

  test("an overlay sits where gravity and offset say", async () => {
    const file = run.file("white", "corner");
    expect(named(await colourAt(file, 0.71, 0.81))).toBe("black");
    expect(named(await colourAt(file, 0.89, 0.89))).toBe("black");
    for (const [x, y] of [
      [0.69, 0.85],
      [0.91, 0.85],
      [0.8, 0.79],
      [0.8, 0.91],
    ] as const) {
      expect(named(await colourAt(file, x, y)), `${x} ${y}`).toBe("white");
    }
  });

  test("opacity, tiling and text", async () => {
    const [grey = 0] = await colourAt(run.file("white", "faint"), 0.5, 0.5);
    expect(Math.abs(grey - 127)).toBeLessThanOrEqual(2);
    expect((await sharp(run.file("white", "tiled")).flatten().stats()).channels[0]?.max).toBe(0);
    const { channels } = await sharp(run.file("white", "text")).flatten().stats();
    expect(channels[1]?.min, "some of the text is drawn").toBeLessThan(80);
    expect(channels[0]?.min, "in its colour").toBeGreaterThan(180);
  });

  test("an overlay that is larger than the image is made to fit", async () => {
    expect(await sharp(run.file("white", "large")).metadata()).toMatchObject({ width: 10, height: 10 });
  });

  test("an overlay that is missing, or is not on the volume, fails its output alone", () => {
    const reasons = run.result.failures
      .filter(({ source }) => source === "white")
      .map(({ output, reason }) => [output, reason]);
    expect(reasons.toSorted()).toEqual([
      ["missing", "SourceNotFound"],
      ["outside", "SourceOutsideVolume"],
    ]);
  });
});

describe("tone", () => {
  let run: PictureRun;
  beforeAll(async () => {
    await volume.put("in/tone.png", await quadrants().png().toBuffer());
    await volume.put("in/dull.png", await (await photo(0.2)).linear(0.3, 90).png().toBuffer());
    await volume.put(
      "in/specks.png",
      await sharp(await noise(80, 80).png().toBuffer())
        .png()
        .toBuffer(),
    );
    run = await make("tone", { q: "in/tone.png", dull: "in/dull.png", specks: "in/specks.png" }, [
      image("plain", {}),
      image("grayscale", { grayscale: true }),
      image("negate", { negate: true }),
      image("tint", { tint: "#0000ff" }),
      image("normalise", { normalise: {} }),
      image("clahe", { clahe: { width: 40, height: 40 } }),
      image("gamma", { gamma: 2.2, width: 60 }),
      image("dark", { modulate: { brightness: 0.5 } }),
      image("median", { median: 5 }),
      image("blur", { blur: 3 }),
      image("sharpen", { sharpen: { sigma: 1 } }),
      image("enhance", { enhance: { strength: 1 } }),
      image("enhance-none", { enhance: { strength: 0 } }),
    ]);
  });
  const contrast = async (source: string, output: string) =>
    (await sharp(await sharp(run.file(source, output)).flatten().grayscale().png().toBuffer()).stats())
      .channels[0]?.stdev ?? 0;

  test("colours change as their words say", async () => {
    const [r, g, b] = await colourAt(run.file("q", "grayscale"), 0.1, 0.1);
    expect([g ?? r, b ?? r]).toEqual([r, r]);
    expect(
      deltaE(
        await colourAt(run.file("q", "negate"), 0.1, 0.1),
        RED.map((part) => 255 - part),
      ),
    ).toBeLessThan(2);
    const [red = 0, , blue = 0] = await colourAt(run.file("q", "tint"), 0.1, 0.9);
    expect(blue).toBeGreaterThan(red);
    const [dark = 255] = await colourAt(run.file("q", "dark"), 0.1, 0.1);
    expect(dark).toBeLessThan(RED[0] * 0.75);
  });

  test.each(["normalise", "clahe", "enhance"])("%s raises the contrast of a dull picture", async (output) => {
    expect(await contrast("dull", output)).toBeGreaterThan((await contrast("dull", "plain")) * 1.2);
  });

  test.each(["median", "blur"])("%s calms specks", async (output) => {
    expect(await contrast("specks", output)).toBeLessThan((await contrast("specks", "plain")) * 0.7);
  });

  test("sharpen makes edges steeper, and enhance at strength 0 changes nothing", async () => {
    expect(await contrast("specks", "sharpen")).toBeGreaterThan(await contrast("specks", "plain"));
    const [none, plain] = await Promise.all(
      ["enhance-none", "plain"].map((output) => readFile(run.file("dull", output))),
    );
    expect(none?.equals(plain ?? Buffer.alloc(0))).toBe(true); // toEqual looks at each of a million bytes by itself
  });
});
