import { readFile, rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectForetold, MEMORY_OUTPUTS, putMemorySources } from "../../worker/foretold-memory.ts";
import { aUnit, from, makeVolume, runWorker, type WorkerVolume } from "../../worker/run-worker.ts";

let volume: WorkerVolume;
beforeAll(async () => {
  volume = await makeVolume();
  await putMemorySources(
    volume,
    ROWS.map(({ source }) => source),
  );
});
afterAll(() => volume.remove());

/** Each source and each output once or more; test/long has them all with each other. */
const ROWS: { source: string; output: keyof typeof MEMORY_OUTPUTS }[] = [
  { source: "jpeg-24", output: "thumbnail" },
  { source: "jpeg-24", output: "avif" },
  { source: "jpeg-24-progressive", output: "thumbnail" },
  { source: "jpeg-24-turned", output: "whole" },
  { source: "png-12", output: "thumbnail" },
  { source: "png-12-interlaced", output: "whole" },
  { source: "png-6-deep", output: "thumbnail" },
  { source: "webp-12", output: "whole" },
  { source: "avif-6", output: "thumbnail" },
  { source: "gif-6", output: "whole" },
  { source: "tiff-12", output: "whole" },
  { source: "svg", output: "set" },
];

test.each(ROWS)("the header of $source foretells what $output takes", ({ source, output }) =>
  expectForetold(volume, { source, outputs: [MEMORY_OUTPUTS[output]] }),
);

test("placeholders that are left to draw are refused where their decode takes too much", async () => {
  const unit = (memoryBytes: number) =>
    aUnit({
      family: "image",
      sources: from({ hero: "in/jpeg-24-progressive" }),
      outputs: [
        { name: "set", image: { format: "jpeg", fit: "cover", placeholders: ["BlurHash"] } }, // copied as it is coded
      ],
      limits: { cpu: 1, memoryBytes, scratchBytes: 2 ** 30, timeoutSeconds: 120 },
    });
  expect((await runWorker(unit(2 ** 30), volume)).exitCode).toBe(0);
  const description = volume.path("out/hero/set.json");
  await rm(description);
  const { result } = await runWorker(unit(192 * 2 ** 20), volume);
  expect(result.failure).toMatchObject({ reason: "MemoryLimitExceeded" });
  expect((await runWorker(unit(2 ** 30), volume)).exitCode).toBe(0);
  expect(await readFile(description, "utf8")).toContain("blurHash");
});
