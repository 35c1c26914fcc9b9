import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imageOutput } from "../../../crds/outputs/image.ts";
import { quadrants, twoPages } from "../../../test/worker/pictures.ts";
import { renderingsOf } from "../rendering.ts";
import { checkRegion } from "../steps/geometry.ts";
import { openImage } from "./image-source.ts";
import { viewOf } from "./source-view.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mediajob-view-"));
  await writeFile(join(directory, "pages"), await twoPages(quadrants(30, 20), quadrants(200, 100)));
  await writeFile(
    join(directory, "turned"),
    await quadrants(100, 40).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  );
});
afterAll(() => rm(directory, { recursive: true }));

const open = async (name: string) => {
  const path = join(directory, name);
  const opened = { source: { name }, path, bytes: 1, identity: "x" } as Parameters<typeof openImage>[0];
  return await openImage(opened, {
    scratchDir: directory,
    watchChild() {},
    limits: { cpu: 1, memoryBytes: 2 ** 30, scratchBytes: 2 ** 30, timeoutSeconds: 1, stallSeconds: 1 },
  });
};

test.each([
  { name: "pages", image: {}, seen: "30 × 20", upscaled: 60 },
  { name: "pages", image: { page: 1 }, seen: "200 × 100", upscaled: 400 },
  { name: "pages", image: { page: 7 }, seen: "30 × 20", upscaled: 60 },
  { name: "turned", image: {}, seen: "40 × 100", upscaled: 80 },
  { name: "turned", image: { autoOrient: false }, seen: "100 × 40", upscaled: 200 },
])("$name with $image are seen as $seen", async ({ name, image, seen, upscaled }) => {
  const settings = imageOutput.parse({ format: "png", upscale: 2, ...image });
  const view = await viewOf(await open(name), settings);
  expect(`${view.width} × ${view.height}`).toBe(seen);
  expect(renderingsOf({ name: "o", image: settings }, view, "")[0]?.width).toBe(upscaled);
});

test.each([
  { page: undefined, told: "source pages has 30 × 20" },
  { page: 1, told: undefined },
  { page: 7, told: undefined },
])("a region is one of the page that it is taken from: $page", async ({ page, told }) => {
  const extract = { left: 50, top: 0, width: 100, height: 100 };
  const settings = imageOutput.parse({ format: "png", page, extract });
  const view = await viewOf(await open("pages"), settings);
  const check = () =>
    checkRegion({ output: "o", format: "png", width: undefined, height: undefined, settings }, view);
  if (told) expect(check).toThrow(told);
  else expect(check).not.toThrow();
});
