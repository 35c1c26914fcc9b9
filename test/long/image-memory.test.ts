import { afterAll, beforeAll, test } from "vitest";
import {
  expectForetold,
  MEMORY_CASES,
  MEMORY_OUTPUTS,
  MEMORY_SOURCES,
  putMemorySources,
} from "../worker/foretold-memory.ts";
import { makeVolume, type WorkerVolume } from "../worker/run-worker.ts";

let volume: WorkerVolume;
beforeAll(async () => {
  volume = await makeVolume();
  await putMemorySources(volume);
});
afterAll(() => volume.remove());

const ROWS = MEMORY_SOURCES.flatMap((source) =>
  Object.entries(MEMORY_OUTPUTS).map(([output, image]) => ({ source, output, outputs: [image] })),
);

test.each(ROWS)("the header of $source foretells what $output takes", (row) => expectForetold(volume, row));

test.each(Object.entries(MEMORY_CASES))("headers foretell what %s takes", (_, row) =>
  expectForetold(volume, row),
);
