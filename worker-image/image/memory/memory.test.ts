import { describe, expect, test } from "vitest";
import { imageOutput } from "../../../crds/outputs/image.ts";
import type { ImageSource } from "../read/image-source.ts";
import { renderingsOf } from "../rendering.ts";
import { type Making, type Need, neededBytes, refuseTooLarge } from "./memory.ts";

const MP = 1e6;

/** A source of 3 channels of 8 bits, a PNG unless it is said otherwise. */
function aSource({
  isProgressive = false,
  ...fields
}: Partial<ImageSource> & { isProgressive?: boolean } = {}) {
  const { width = 4000, height = 3000 } = fields;
  const header = { width, height, channels: 3, depth: "uchar", isProgressive };
  const opened = { source: { name: "s" }, path: "s", bytes: 1000, identity: "x" };
  return { kind: "png", width, height, frames: 1, header, opened, ...fields } as ImageSource;
}

/** What files of one or several outputs take, each with its own decode unless `pixels` says otherwise. */
function needOf(
  source: ImageSource,
  images: readonly (Record<string, unknown> & { pixels?: Making["pixels"] })[],
  { view = source, ...known }: { view?: ImageSource } & Parameters<typeof neededBytes>[2] = {},
): Need {
  const makings = images.flatMap(({ pixels = "own", ...image }, index) =>
    renderingsOf({ name: `o${index}`, image: imageOutput.parse({ format: "jpeg", ...image }) }, view, "").map(
      (rendering) => ({ rendering, view, pixels }),
    ),
  );
  return neededBytes(source, makings, known);
}

const alone = (image: Record<string, unknown>, source = aSource()) => needOf(source, [image]).togetherBytes;

const strip = { width: 4000, height: 100 };

describe("steps that look at the whole picture hold it", () => {
  test.each([
    { name: "a crop by attention", image: { ...strip, position: "attention" }, without: strip, pixels: 12 },
    { name: "a crop by entropy", image: { ...strip, position: "entropy" }, without: strip, pixels: 12 },
    {
      name: "a smaller crop, at its own size",
      image: { width: 2000, height: 100, position: "attention" },
      without: { width: 2000, height: 100 },
      pixels: 3,
    },
    { name: "a mirrored picture", image: { width: 2000, flip: true }, without: { width: 2000 }, pixels: 3 },
    { name: "a blurred picture", image: { width: 2000, blur: 3 }, without: { width: 2000 }, pixels: 3 },
    {
      name: "edges that repeat",
      image: { width: 2000, extend: { top: 1, extendWith: "copy" } },
      without: { width: 2000, extend: { top: 1 } },
      pixels: 3,
    },
    { name: "trimmed edges, unshrunk", image: { width: 200, trim: {} }, without: { width: 200 }, pixels: 12 },
    {
      name: "no crop at all",
      image: { width: 200, position: "attention" },
      without: { width: 200 },
      pixels: 0,
    },
  ])("$name", ({ image, without, pixels }) => {
    expect(alone(image) - alone(without)).toBe(pixels * MP * 3);
  });

  test("but pixels that are shared are at hand", () => {
    const shared = { width: 4000, height: 3000 };
    const need = (position: string) =>
      needOf(aSource(), [{ ...strip, position, pixels: "shared" }], { shared });
    expect(need("attention")).toEqual(need("centre"));
  });
});

describe("pixels that are kept on their way", () => {
  const clahe = { width: 8, height: 8 };
  test.each([
    {
      name: "what is left of trimmed edges is multiplied",
      image: { trim: {}, upscale: 2, width: undefined },
      without: { trim: {}, width: 8000, height: 6000 },
      bytes: 4,
    },
    { name: "trimmed pixels may be fewer than a window's", image: { trim: {}, median: 3 }, bytes: 4 },
    { name: "so may those of specks", image: { trim: {}, enhance: { strength: 0.8 } }, bytes: 4 },
    { name: "a large picture is not", image: { median: 3 }, bytes: 0 },
    { name: "even light takes colours without alpha", image: { blur: 1 }, extra: { clahe }, bytes: 8 },
    { name: "and of 8 bits", image: { format: "png", bitDepth: 16, blur: 1 }, extra: { clahe }, bytes: 8 },
  ])("$name", ({ image, extra = {}, without, bytes }) => {
    const { median, enhance, ...plain } = image as Record<string, unknown>;
    const source = aSource();
    expect(alone({ ...image, ...extra }, source) - alone(without ?? plain, source)).toBe(bytes * 12 * MP);
  });
});

test.each([
  { depth: "ushort", space: "rgb16", image: {}, bytes: 4 },
  { depth: "uchar", space: "srgb", image: { format: "png", bitDepth: 16 }, bytes: 8 },
  { depth: "uchar", space: "srgb", image: {}, bytes: 0 },
])("a $space picture of an own profile, made as $image, is kept once more in another depth", (row) => {
  const { depth, space, image, bytes } = row;
  const header = { ...aSource().header, depth, space, hasProfile: true } as ImageSource["header"];
  const source = aSource({ header });
  expect(alone({ ...image, colourspace: "keep" }, source) - alone(image, source)).toBe(bytes * 12 * MP);
});

test("deep greys of an own profile are held as colours, whatever is made of them and with whatever", () => {
  const header = { channels: 1, depth: "ushort", space: "grey16" } as ImageSource["header"];
  const greys = (hasProfile: boolean) => aSource({ header: { ...header, hasProfile } });
  const shared = { width: 4000, height: 3000 };
  const needs: ((source: ImageSource) => Need)[] = [
    (source) => needOf(source, [{}]),
    (source) => neededBytes(source, [], { shared }),
  ];
  for (const need of needs)
    expect(need(greys(true)).oneByOneBytes - need(greys(false)).oneByOneBytes).toBe((8 + 2) * 12 * MP);
});

test("a picture that is turned is kept upright before it is trimmed, unless its pixels are shared", () => {
  const { header } = aSource();
  const turned = aSource({ header: { ...header, orientation: 2 } });
  expect(alone({ trim: {} }, turned) - alone({ trim: {} })).toBe(4 * 12 * MP);
  const shared = { width: 4000, height: 3000 };
  const need = (source: ImageSource) => needOf(source, [{ trim: {}, pixels: "shared" }], { shared });
  expect(need(turned)).toEqual(need(aSource()));
});

describe("a picture whose tone is changed is kept before it is laid on its background", () => {
  const clear = (image: Record<string, unknown>, hasAlpha: boolean) =>
    alone(image, aSource({ header: { channels: 4, depth: "uchar", hasAlpha } as ImageSource["header"] }));
  test.each([
    { name: "in a JPEG", image: { negate: true }, bytes: 12 },
    { name: "where it is to be flat", image: { format: "png", flatten: true, negate: true }, bytes: 12 },
    { name: "in a TIFF of JPEGs", image: { format: "tiff", compression: "jpeg", gamma: 2.2 }, bytes: 12 },
    { name: "but not without a tone", image: { negate: false }, bytes: 0 },
    { name: "and not where it stays clear", image: { format: "tiff", negate: true }, bytes: 0 },
  ])("$name", ({ image, bytes }) => {
    expect(clear(image, true) - clear(image, false)).toBe(bytes * 12 * MP);
  });
});

test.each([
  { less: { format: "jpeg" }, more: { format: "jpeg", chromaSubsampling: "4:4:4" } },
  { less: { format: "jpeg" }, more: { format: "jpeg", mozjpeg: true } },
  { less: { format: "webp" }, more: { format: "webp", lossless: true } },
  { less: { format: "jpeg", rotate: 90 }, more: { format: "jpeg", rotate: 45 } },
])("$more takes more than $less", ({ less, more }) => expect(alone(more)).toBeGreaterThan(alone(less)));

test("what decodes by itself beside a shared decode counts each of its decodes", () => {
  const source = aSource({ kind: "jpeg", isProgressive: true });
  const shared = { width: 500, height: 375 };
  const files = (count: number) =>
    needOf(
      source,
      [
        { width: 100, pixels: "shared" },
        { width: 90, pixels: "shared" },
        ...Array.from({ length: count }, () => ({ width: 80, metadata: "Keep" })),
      ],
      { shared },
    );
  expect(files(4).togetherBytes).toBeGreaterThan(4 * 12 * MP * 6);
  expect(files(4).oneByOneBytes).toBe(files(1).oneByOneBytes);
  expect(files(0).togetherBytes).toBeLessThan(2 * 12 * MP * 6);
});

test("the formats of one size are decoded once, and sizes each for itself", () => {
  const source = aSource({ kind: "jpeg", isProgressive: true });
  const decodes = (image: Record<string, unknown>) => Math.round(alone(image, source) / (12 * MP * 6));
  expect(decodes({ width: 100, formats: ["webp", "png"] })).toBeLessThan(3);
  expect(decodes({ widths: [100, 90, 80], formats: ["webp"] })).toBeGreaterThanOrEqual(3);
});

describe("overlays", () => {
  const dot = aSource({ width: 40, height: 40 });
  const logo = (fields: object = {}) => ({ image: { path: "logo", ...fields } });
  const withLogo = (source: ImageSource, overlays: object[], image: ImageSource) =>
    needOf(source, [{ overlays }], { overlays: new Map([["logo", image]]) }).togetherBytes;

  test("a large one on a small picture is decoded whole", () => {
    const large = aSource({ kind: "jpeg", isProgressive: true });
    const little = withLogo(dot, [logo({ width: 10 })], dot);
    expect(withLogo(dot, [logo({ width: 10 })], large) - little).toBeCloseTo(12 * MP * 6, -4);
  });

  test("are decoded one after another, and held all together", () => {
    const source = aSource();
    const layers = (count: number) =>
      withLogo(
        source,
        Array.from({ length: count }, () => logo()),
        source,
      );
    expect(layers(8) - layers(1)).toBe(7 * 12 * MP * 8);
  });

  test("take no more than the picture that they are laid on", () => {
    const source = aSource();
    const larger = aSource({ width: 8000, height: 6000 });
    expect(withLogo(source, [logo()], larger)).toBe(withLogo(source, [logo()], source));
  });

  test("the largest is told where it is refused", () => {
    const overlays = new Map([
      ["dot", dot],
      ["large", aSource({ kind: "jpeg" })],
    ]);
    expect(() => refuseTooLarge(dot, 2 ** 30, { limitBytes: 2 ** 20, overlays })).toThrow(
      "source s is PNG of 40 × 40, with large laid on it, JPEG of 4000 × 3000, and needs 1104Mi of memory",
    );
  });

  test("one that cannot be opened takes nothing, and a text what its letters take", () => {
    const plain = withLogo(dot, [{ image: { path: "gone" } }], dot);
    const text = { text: { text: "x".repeat(100), size: 100 } };
    expect(withLogo(dot, [text], dot) - plain).toBe(100 * 100 ** 2 * 8);
  });
});

test.each([
  { kind: "gif", format: "webp", frames: 20 },
  { kind: "gif", format: "jpeg", frames: 1 },
  { kind: "tiff", format: "webp", frames: 1 },
] as const)("of a $kind as $format $frames frames of 20 count", ({ kind, format, frames }) => {
  const source = aSource({ kind, width: 1000, height: 1000, frames: 20 });
  const one = alone({ format }, source);
  expect((alone({ format, animated: true }, source) - one) / (9 * MP)).toBe(frames - 1);
});

test("a source counts as the output sees it", () => {
  const source = aSource({ width: 64, height: 64 });
  const page = aSource({ width: 15_000, height: 15_000 });
  expect(needOf(source, [{ page: 1 }], { view: page })).toEqual(needOf(page, [{}]));
});

describe("placeholders", () => {
  const source = aSource({ kind: "jpeg", isProgressive: true });
  const placeholders = new Map([["o0", { width: 4000, height: 3000 }]]);

  test("are drawn from a decode where their files are there already", () => {
    const { togetherBytes, oneByOneBytes } = neededBytes(source, [], { placeholders });
    expect(togetherBytes).toBeGreaterThan(12 * MP * 6);
    expect(oneByOneBytes).toBe(togetherBytes);
  });

  test("come after their files, and take nothing beside them", () => {
    expect(needOf(source, [{ format: "avif" }], { placeholders })).toEqual(
      needOf(source, [{ format: "avif" }]),
    );
  });

  test("nothing to make takes nothing", () => {
    expect(neededBytes(source, [])).toEqual({ togetherBytes: 0, oneByOneBytes: 0 });
  });
});
