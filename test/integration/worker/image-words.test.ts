import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { colourAt, noise } from "../../worker/pictures.ts";
import { makeVolume, type WorkerVolume } from "../../worker/run-worker.ts";
import { image, type PictureMaker, pictureMaker } from "./image-workshop.ts";

/** Words of which each stands for pixels of its own. */

let volume: WorkerVolume;
let make: PictureMaker;
beforeAll(async () => {
  volume = await makeVolume();
  make = pictureMaker(volume);
});
afterAll(() => volume.remove());

const flat = (size: { width: number; height: number }, [r = 0, g = 0, b = 0]: readonly number[]) =>
  sharp({ create: { ...size, channels: 3, background: { r, g, b } } });

/** Of a base and a layer, 0 to 1 (W3C, Compositing and Blending Level 1, 10); `add` is PDF's plus. */
const BLENDS: Record<string, (base: number, layer: number) => number> = {
  over: (_, layer) => layer,
  multiply: (base, layer) => base * layer,
  screen: (base, layer) => base + layer - base * layer,
  overlay: (base, layer) => hardLight(layer, base),
  darken: Math.min,
  lighten: Math.max,
  "color-dodge": (base, layer) => Math.min(1, base / (1 - layer)),
  "color-burn": (base, layer) => 1 - Math.min(1, (1 - base) / layer),
  "hard-light": hardLight,
  "soft-light": (base, layer) => {
    const lit = base <= 0.25 ? ((16 * base - 12) * base + 4) * base : Math.sqrt(base);
    return layer <= 0.5 ? base - (1 - 2 * layer) * base * (1 - base) : base + (2 * layer - 1) * (lit - base);
  },
  difference: (base, layer) => Math.abs(base - layer),
  exclusion: (base, layer) => base + layer - 2 * base * layer,
  add: (base, layer) => Math.min(1, base + layer),
  "dest-in": (base) => base,
};

function hardLight(base: number, layer: number): number {
  return layer <= 0.5 ? 2 * base * layer : 1 - 2 * (1 - base) * (1 - layer);
}

test("each blend mode gives the colour of its formula", async () => {
  const [base, layer] = [
    [200, 100, 50],
    [100, 200, 150],
  ] as const;
  const size = { width: 20, height: 20 };
  await volume.put("in/base.png", await flat(size, base).png().toBuffer());
  await volume.put("in/layer.png", await flat(size, layer).png().toBuffer());
  const blended = (blend: string) => image(blend, { overlays: [{ image: { path: "in/layer.png" }, blend }] });
  const run = await make(
    "blend",
    { base: "in/base.png" },
    [...Object.keys(BLENDS), "dest-out"].map((blend) => blended(blend)),
  );
  for (const [blend, formula] of Object.entries(BLENDS)) {
    const found = await colourAt(run.file("base", blend), 0.5, 0.5);
    for (const [channel, value] of base.entries()) {
      const expected = 255 * formula(value / 255, (layer[channel] ?? 0) / 255);
      expect(Math.abs((found[channel] ?? 0) - expected), `${blend} ${found}`).toBeLessThanOrEqual(2);
    }
  }
  expect((await colourAt(run.file("base", "dest-out"), 0.5, 0.5))[3]).toBe(0);
});

test.each([
  { position: "attention", what: "what is colourful" },
  { position: "entropy", what: "what is busy" },
])("a crop by $position shows $what", async ({ position }) => {
  const size = { width: 300, height: 100 };
  const object = position === "attention" ? flat({ width: 40, height: 60 }, [230, 120, 90]) : noise(40, 60);
  const input = await object.png().toBuffer();
  const picture = flat(size, [128, 128, 128]).composite([{ input, left: 250, top: 20 }]);
  await volume.put(`in/${position}.png`, await picture.png().toBuffer());
  const square = { width: 100, height: 100 };
  const run = await make(position, { a: `in/${position}.png` }, [
    image("looked", { ...square, position }),
    image("centre", square),
  ]);
  const contrast = async (output: string) =>
    (await sharp(run.file("a", output)).removeAlpha().stats()).channels[0]?.stdev ?? 0;
  expect(await contrast("centre")).toBe(0);
  expect(await contrast("looked")).toBeGreaterThan(20);
});

test.each([
  { extendWith: "background", expected: [7, 7, 0, 10, 20, 30, 7] },
  { extendWith: "copy", expected: [0, 0, 0, 10, 20, 30, 30] },
  { extendWith: "repeat", expected: [20, 30, 0, 10, 20, 30, 0] },
  { extendWith: "mirror", expected: [10, 0, 0, 10, 20, 30, 30] },
])("edges of $extendWith are $expected", async ({ extendWith, expected }) => {
  const ramp = Buffer.from([0, 10, 20, 30].flatMap((value) => [value, value, value]));
  await volume.put(
    "in/ramp.png",
    await sharp(ramp, { raw: { width: 4, height: 1, channels: 3 } })
      .png()
      .toBuffer(),
  );
  const run = await make(`extend-${extendWith}`, { ramp: "in/ramp.png" }, [
    image("out", { extend: { left: 2, right: 1, extendWith }, background: "#070707" }),
  ]);
  const { data } = await sharp(run.file("ramp", "out"))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(Array.from({ length: 7 }, (_, x) => data[x * 3])).toEqual(expected);
});

test("a turned hue, less saturation and more lightness change colours so", async () => {
  await volume.put("in/orange.png", await flat({ width: 9, height: 9 }, [200, 100, 50]).png().toBuffer());
  const run = await make("modulate", { a: "in/orange.png" }, [
    image("hue", { modulate: { hue: 120 } }),
    image("saturation", { modulate: { saturation: 0 } }),
    image("lightness", { modulate: { lightness: 20 } }),
  ]);
  const seen = async (output: string) => (await colourAt(run.file("a", output), 0.5, 0.5)).slice(0, 3);
  const [red = 0, green = 0, blue = 0] = await seen("hue");
  expect(green).toBeGreaterThan(Math.max(red, blue));
  expect(new Set(await seen("saturation")).size).toBe(1);
  const lighter = await seen("lightness");
  for (const [channel, value] of [200, 100, 50].entries())
    expect(lighter[channel]).toBeGreaterThan(value + 40);
});
