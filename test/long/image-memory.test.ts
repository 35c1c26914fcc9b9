import { afterAll, beforeAll, test } from "vitest";
import {
  expectForetold,
  MEMORY_OUTPUTS,
  MEMORY_SOURCES,
  type MemoryRow,
  putMemorySources,
} from "../worker/foretold-memory.ts";
import { makeVolume, type WorkerVolume } from "../worker/run-worker.ts";

let volume: WorkerVolume;
beforeAll(async () => {
  volume = await makeVolume();
  await putMemorySources(volume);
});
afterAll(() => volume.remove());

const OUTPUTS = Object.keys(MEMORY_OUTPUTS) as MemoryRow["output"][];

test.each(MEMORY_SOURCES.flatMap((source) => OUTPUTS.map((output) => ({ source, output }))))(
  "the header of $source foretells what $output takes",
  (row) => expectForetold(volume, row),
);
