import sharp, { type Color, type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { colourAt, deltaE } from "../../worker/pictures.ts";
import { makeVolume, type WorkerVolume } from "../../worker/run-worker.ts";
import { image, type PictureMaker, type PictureRun, pictureMaker } from "./image-workshop.ts";

/**
 * What several fields do together: each step keeps the depth, the colours and the alpha that another asks for. Every
 * output below is made by one run of the worker program.
 */

const flat = (background: Color, [width, height]: readonly [number, number] = [60, 40]) =>
  sharp({ create: { width, height, channels: 3, background } });
const png = (picture: Sharp) => picture.png().toBuffer();

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
    await volume.put("in/grey.png", await deep([60, 40], () => 30_000));
    const at16 = (name: string, fields: object) => image(name, { bitDepth: 16, ...fields });
    run = await make("deep", { grey: "in/grey.png" }, [
      at16("sepia", { grayscale: true, tint: "#ff8000" }),
      at16("sepia-turned", { grayscale: true, tint: "#ff8000", rotate: 90 }),
    ]);
  });

  test.each(["sepia", "sepia-turned"])("%s has its tint", async (output) => {
    const [red = 0, , blue = 0] = await colourAt(await png(sharp(run.file("grey", output))), 0.5, 0.5);
    expect(red).toBeGreaterThan(blue + 50);
  });
});

describe("tone and background", () => {
  let run: PictureRun;
  beforeAll(async () => {
    await volume.put("in/grey.png", await png(flat("#777777")));
    run = await make("tone", { grey: "in/grey.png" }, [
      image("sepia", { grayscale: true, tint: "#ff8000" }),
      image("tinted", { tint: "#ff8000" }),
      image("sepia-linear", { grayscale: true, tint: "#ff8000", gamma: 2.2, width: 30 }),
    ]);
  });

  test("greys take a tint", async () => {
    const tinted = await colourAt(run.file("grey", "tinted"), 0.5, 0.5);
    expect(await colourAt(run.file("grey", "sepia"), 0.5, 0.5)).toEqual(tinted);
    expect(deltaE(await colourAt(run.file("grey", "sepia-linear"), 0.5, 0.5), tinted)).toBeLessThan(3);
    expect(tinted[0]).toBeGreaterThan(150);
  });
});
