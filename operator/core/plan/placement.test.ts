import { expect, test } from "vitest";
import { mediaJob } from "../../../test/builders/core.ts";
import { configuration } from "../configuration.ts";
import type { Estimate } from "./estimate.ts";
import { corrected } from "./learning.ts";
import { place } from "./placement.ts";

const GIB = 2 ** 30;
const table: Estimate = { cpu: 1, memoryBytes: 6 * GIB, scratchBytes: GIB, seconds: 60, gpu: false };

/** Where a unit runs, and with how many GiB, when units of its class took so many times what the tables say. */
function placedWith({
  memory,
  pools,
  spec = {},
}: {
  memory: number;
  pools: object;
  spec?: Record<string, unknown>;
}) {
  const offered = configuration.parse({
    pools: Object.entries(pools).map(([name, memory]) => ({ name, perUnit: { memory } })),
  }).pools;
  const estimate = corrected(table, { seconds: 1, memory, samples: 5 });
  const placement = place(estimate, mediaJob(spec).spec, offered);
  return "refused" in placement
    ? placement.refused
    : { pool: placement.pool, gib: placement.memoryBytes / GIB };
}

test.each([
  {
    name: "a unit goes where there is as much memory as was measured",
    memory: 1,
    pools: { small: "8Gi", large: "16Gi" },
    expected: { pool: "large", gib: 9 },
  },
  {
    name: "one that fits by the tables takes all there is where no pool has as much as was measured",
    memory: 2,
    pools: { small: "8Gi", large: "16Gi" },
    expected: { pool: "large", gib: 16 },
  },
  {
    name: "where its pool is chosen by hand, all there is in that one",
    memory: 2,
    pools: { small: "8Gi", large: "32Gi" },
    spec: { placement: { pool: "small" } },
    expected: { pool: "small", gib: 8 },
  },
  {
    name: "one that fits only by what was measured takes that",
    memory: 0.5,
    pools: { small: "5Gi" },
    expected: { pool: "small", gib: 4.5 },
  },
  {
    name: "one that fits by neither is refused by what was measured",
    memory: 1,
    pools: { small: "5Gi" },
    expected: expect.stringContaining("needs 9216Mi of memory, a unit there may have 5Gi"),
  },
  {
    name: "no more is taken than the MediaJob allows",
    memory: 2,
    pools: { small: "8Gi" },
    spec: { resources: { maxMemory: "7Gi" } },
    expected: { pool: "small", gib: 7 },
  },
])("$name", ({ expected, ...given }) => expect(placedWith(given)).toEqual(expected));

test("a unit is given no more processors than its pool lets one have, and takes longer then", () => {
  const { pools } = configuration.parse({ pools: [{ name: "small", perUnit: { cpu: 0.5 } }] });
  expect(place(table, mediaJob().spec, pools)).toMatchObject({ pool: "small", cpu: 0.5 });
});
