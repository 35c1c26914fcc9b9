import { afterAll, beforeAll, test } from "vitest";
import { expectForetold, type MemoryRow, putMemorySources } from "../../worker/foretold-memory.ts";
import { makeVolume, type WorkerVolume } from "../../worker/run-worker.ts";

let volume: WorkerVolume;
beforeAll(async () => {
  volume = await makeVolume();
  await putMemorySources(volume);
});
afterAll(() => volume.remove());

/** Each source and each output once or more; test/long has them all with each other. */
const ROWS: MemoryRow[] = [
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

test.each(ROWS)("the header of $source foretells what $output takes", (row) => expectForetold(volume, row));
