import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { runExample } from "../example-run.ts";
import { colourAt, deltaE } from "../worker/pictures.ts";

/** Examples of images, run as they say, whose results are as they promise. */

test("image-animation: what moves keeps its frames and their delays, what is still has one", async () => {
  await using run = await runExample("image-animation");
  const of = (file: string) => sharp(join(run.results, "drift", file)).metadata();
  const delay = Array.from({ length: 12 }, (_, index) => (index % 6 === 0 ? 400 : 100));
  expect(await of("web.webp")).toMatchObject({ width: 160, pages: 12, delay, loop: 0 });
  expect(await of("mail.gif")).toMatchObject({ width: 96, pages: 12, delay, loop: 3 });
  expect(await of("still.jpg")).toMatchObject({ width: 160, height: 90 });
  const { placeholders } = JSON.parse(await readFile(join(run.results, "drift/dot.json"), "utf8"));
  expect(Object.keys(placeholders)).toHaveLength(2);
});

test("image-upscale: each is as many times larger, and squares stay squares", async () => {
  await using run = await runExample("image-upscale");
  const of = (file: string) => sharp(join(run.results, file));
  expect(await of("meadow/detail.webp").metadata()).toMatchObject({ width: 640, height: 480 });
  expect(await of("drift/poster.jpg").metadata()).toMatchObject({ width: 640, height: 360 });
  const large = await of("drift/pixels.png").removeAlpha().raw().toBuffer();
  const small = await of("drift/pixels.png").resize(160, 90, { kernel: "nearest" }).png().toBuffer();
  const again = sharp(small).resize(640, 360, { kernel: "nearest" }).removeAlpha();
  expect(large.equals(await again.raw().toBuffer())).toBe(true);
});

test("image-colour: every file shows the source's colours, as far as it can", async () => {
  await using run = await runExample("image-colour");
  const wide = ["wide.avif", "master.tiff", "deep.png"].map((file) => join(run.results, "glow", file));
  const [avif, tiff, png] = await Promise.all(wide.map((file) => sharp(file).metadata()));
  expect(avif?.icc?.toString("latin1").replaceAll("\0", "")).toContain("sP3C");
  expect(tiff).toMatchObject({ depth: "ushort", hasProfile: true });
  expect(png).toMatchObject({ depth: "ushort", hasProfile: true });
  const media = join(import.meta.dirname, "../../examples/media");
  const inSrgb = (file: string) => sharp(file).withIccProfile("srgb").toColourspace("srgb").png().toBuffer();
  for (const [source, made, limit] of [
    ...wide.map((file) => ["glow.png", file, 3] as const),
    ["glow.png", join(run.results, "glow/web.jpg"), 3],
    // CMYK without a profile, after a JPEG more.
    ["print.jpg", join(run.results, "print/web.jpg"), 6],
  ] as const) {
    const [is, should] = [await inSrgb(made), await inSrgb(join(media, source))];
    for (const [across, down] of [
      [0.2, 0.8],
      [0.5, 0.5],
      [0.9, 0.9],
    ] as const)
      expect(
        deltaE(await colourAt(is, across, down), await colourAt(should, across, down)),
        made,
      ).toBeLessThan(limit);
  }
});

test("image-shapes: each has the shape that it is named for", async () => {
  await using run = await runExample("image-shapes");
  const sizes = {
    square: [320, 320],
    banner: [960, 240],
    part: [320, 240],
    story: [270, 480],
    framed: [344, 204],
  };
  for (const [name, [width, height]] of Object.entries({ ...sizes, within: [640, 360] }))
    expect(await sharp(join(run.results, `meadow/${name}.webp`)).metadata(), name).toMatchObject({
      width,
      height,
    });
  const [corner, edge] = await Promise.all(
    [
      [0, 0],
      [0.5, 0.01],
    ].map(([across = 0, down = 0]) => colourAt(join(run.results, "meadow/framed.webp"), across, down)),
  );
  expect([corner?.[3], edge?.slice(0, 3).every((value) => value > 250)]).toEqual([0, true]);
});
