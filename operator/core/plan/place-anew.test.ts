import { expect, test } from "vitest";
import { film, mediaJob } from "../../../test/builders/core.ts";
import { configuration } from "../configuration.ts";
import { placeAnew } from "./place-anew.ts";
import type { Placement } from "./placement.ts";
import { plan } from "./plan.ts";

const poolsOf = (...names: string[]) =>
  configuration.parse({
    pools: names.map((name) => ({
      name,
      ...(name.startsWith("gpu") && { gpuResource: "nvidia.com/gpu", encoder: "nvenc" }),
    })),
  }).pools;
const { spec } = mediaJob({ outputs: [film] });
const made = plan(spec, poolsOf("cpu", "gpu"));
const nameOf = (place: Placement | undefined) => place && "pool" in place && place.pool;

/** Where the only unit runs among these pools, and where without an accelerator. */
function placesAmong(pools: string[], stored = made): unknown[] {
  const [unit] = placeAnew(stored, spec, poolsOf(...pools)).units;
  return [nameOf(unit?.placement), nameOf(unit?.withoutGpu)];
}

test.each([
  { name: "where they were, when their pools are there", pools: ["cpu", "gpu"], expected: ["gpu", "cpu"] },
  { name: "anew, when their pool is gone", pools: ["cpu", "gpu-2"], expected: ["gpu-2", "cpu"] },
  {
    name: "anew without an accelerator alone, when only that pool is gone",
    pools: ["cpu-2", "gpu", "gpu-2"],
    expected: ["gpu", "cpu-2"],
  },
  { name: "nowhere without one, when no pool is left", pools: ["gpu"], expected: ["gpu", undefined] },
])("units are placed $name", ({ pools, expected }) => expect(placesAmong(pools)).toEqual(expected));

test("what a unit may grow to is what its pool gives now, whatever it gave when it was planned", () => {
  const limits = (memory: string, fields: Record<string, unknown> = {}) => {
    const { spec } = mediaJob(fields);
    const pools = configuration.parse({ pools: [{ name: "default", perUnit: { memory, scratch: memory } }] });
    const before = configuration.parse({ pools: [{ name: "default" }] });
    const [unit] = placeAnew(plan(spec, before.pools), spec, pools.pools).units;
    return unit?.placement;
  };
  const mebi = 2 ** 20;
  expect(limits("16Gi")).toMatchObject({ memoryLimitBytes: 16384 * mebi, scratchLimitBytes: 16384 * mebi });
  expect(limits("4Gi")).toMatchObject({ memoryLimitBytes: 4096 * mebi, scratchLimitBytes: 4096 * mebi });
  expect(limits("16Gi", { resources: { maxMemory: "6Gi" } })).toMatchObject({
    memoryLimitBytes: 6144 * mebi,
  });
});

test("a place without an accelerator that an earlier version kept as refused is none, until there is a pool", () => {
  const refused = { refused: "no pool fits" };
  const stored = { ...made, units: made.units.map((unit) => ({ ...unit, withoutGpu: refused })) };
  expect(placesAmong(["gpu"], stored)).toEqual(["gpu", undefined]);
  expect(placesAmong(["cpu", "gpu"], stored)).toEqual(["gpu", "cpu"]);
});
