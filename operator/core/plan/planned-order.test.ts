import { expect, test } from "vitest";
import { mediaJob, sources, thumb, web } from "../../../test/builders/core.ts";
import { inPlannedOrder, orderOf } from "./planned-order.ts";

const spec = (names: string[], outputs: object[] = [thumb, web]) =>
  mediaJob({ sources: sources(...names), outputs }).spec;

const planned = ["walk", "beach", "dogs"];

test.each([
  { name: "as it was planned", names: planned },
  { name: "the other way round", names: planned.toReversed() },
  { name: "by the alphabet", names: planned.toSorted() },
])("a spec that is written $name is read in the order in which it was planned", ({ names }) => {
  const first = spec(planned);
  expect(inPlannedOrder(spec(names), orderOf(first))).toEqual(first);
});

test("outputs are put back, too", () => {
  const first = spec(planned);
  expect(inPlannedOrder(spec(planned, [web, thumb]), orderOf(first))).toEqual(first);
});

test("what stands as it was planned is not copied, nor is what was planned by an earlier version changed", () => {
  const first = spec(planned);
  expect(inPlannedOrder(first, orderOf(first))).toBe(first);
  expect(inPlannedOrder(first, undefined)).toBe(first);
});
