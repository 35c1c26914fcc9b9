import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gifOf } from "../../worker/hand-made-files.ts";
import type { HostilePicture } from "../../worker/hostile-picture.ts";
import { hostilePictures } from "../../worker/hostile-pictures.ts";
import { colourAt, quadrants } from "../../worker/pictures.ts";
import {
  aUnit,
  filesOf,
  from,
  makeVolume,
  runWorker,
  type WorkerRun,
  type WorkerVolume,
} from "../../worker/run-worker.ts";

/**
 * Every hostile file goes through one unit together with sound ones: none may stop the rest, take the memory
 * of the unit, or leave anything behind.
 */

const MEMORY_BYTES = 768 * 2 ** 20;

const pictures: HostilePicture[] = await hostilePictures();
const nameOf = (index: number) => `p${index}`;
let volume: WorkerVolume;
let run: WorkerRun;

beforeAll(async () => {
  volume = await makeVolume();
  await volume.put(
    "in/secret.png",
    await sharp({ create: { width: 60, height: 40, channels: 3, background: "#ff0000" } })
      .png()
      .toBuffer(),
  );
  await volume.put("in/first.jpg", await quadrants().jpeg().toBuffer());
  const sources: Record<string, string> = { first: "in/first.jpg" };
  for (const [index, { file, content }] of pictures.entries()) {
    const path = `in/${file ?? `p${index}.jpg`}`;
    await volume.put(path, typeof content === "string" ? Buffer.from(content) : content);
    sources[nameOf(index)] = path;
  }
  sources.last = "in/first.jpg";
  const unit = aUnit({
    family: "image",
    sources: from(sources),
    outputs: [{ name: "thumb", image: { format: "png", width: 48, withoutEnlargement: true } }],
    limits: { cpu: 2, memoryBytes: MEMORY_BYTES, scratchBytes: 2 ** 30, timeoutSeconds: 90 },
  });
  run = await runWorker(unit, volume);
});
afterAll(() => volume.remove());

test("there are at least 60 of them", () => expect(pictures.length).toBeGreaterThanOrEqual(60));

const outcomes = () => {
  const { outputs, failures } = run.manifest as unknown as WorkerRun["result"];
  return new Map<string, string>([
    ...outputs.map(({ source }) => [source, "made"] as const),
    ...failures.map(({ source, reason, message }) => [source ?? "", `${reason}: ${message}`] as const),
  ]);
};

describe("each ends as it should:", () => {
  test.each(pictures.map(({ name, expected }, index) => ({ name, expected, index })))(
    "$name",
    async ({ expected, index }) => {
      const outcome = outcomes().get(nameOf(index)) ?? "neither made nor failed";
      expect([expected].flat(), outcome).toContain(outcome.split(":")[0]);
      if (outcome === "made")
        expect(await sharp(volume.path(`out/${nameOf(index)}/thumb.png`)).stats()).toBeDefined();
    },
  );
});

test("no picture shows what its source had no right to read", async () => {
  const index = pictures.findIndex(({ name }) => name === "an SVG that shows a file beside it");
  const [red = 0, green = 0, blue = 0, alpha = 255] = await colourAt(
    volume.path(`out/${nameOf(index)}/thumb.png`),
    0.5,
    0.5,
  );
  expect(red > 200 && green < 50 && blue < 50 && alpha > 200, "the red secret").toBe(false);
});

test("the sound ones are made, before and after", () => {
  expect(outcomes().get("first")).toBe("made");
  expect(outcomes().get("last")).toBe("made");
});

test("the unit ends well, within its memory, and leaves nothing partial", async () => {
  expect(run.exitCode).toBe(0);
  expect(run.result.usage.peakMemoryBytes).toBeLessThan(MEMORY_BYTES);
  const left = (await filesOf(volume)).filter((path) => /\.mediajob\/[^/]+\/[^/]+-a\d+\//.test(path));
  expect(left).toEqual([]);
});

test("an animation of too many frames or pixels is told before they are decoded, and one frame of it is made", async () => {
  await volume.put("in/frames.gif", gifOf(100_000));
  await volume.put("in/pixels.gif", gifOf(300, 1000));
  await volume.put("in/sound.gif", gifOf(3));
  const limits = { cpu: 2, memoryBytes: 256 * 2 ** 20, scratchBytes: 2 ** 30, timeoutSeconds: 60 };
  const { result } = await runWorker(
    aUnit({
      family: "image",
      name: "moving",
      sources: from({ frames: "in/frames.gif", pixels: "in/pixels.gif", sound: "in/sound.gif" }),
      outputs: [
        { name: "moving", image: { format: "webp", animated: true } },
        { name: "still", image: { format: "webp", width: 1 } },
      ],
      limits,
    }),
    volume,
  );
  const told = result.failures.map(({ source, output, reason }) => `${source} ${output} ${reason}`);
  expect(told.toSorted()).toEqual(["frames moving SourceTooLarge", "pixels moving SourceTooLarge"]);
  expect(result.outputs.map(({ source, output }) => `${source} ${output}`).toSorted()).toEqual([
    ...["frames still", "pixels still", "sound moving", "sound still"],
  ]);
  expect(result.usage.peakMemoryBytes).toBeLessThan(limits.memoryBytes);
});

test("every failure says which file, and what to do or what is wrong", () => {
  for (const { message, source } of run.result.failures) {
    expect(message).toContain(`source ${source} `);
    expect(message.length).toBeLessThan(500);
  }
});
