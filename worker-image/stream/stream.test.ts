import { expect, test } from "vitest";
import { bandwidthOf } from "./stream.ts";

test("bandwidths are measured, and a short last segment is no peak", () => {
  const part = (bytes: number, seconds: number) => ({ bytes, seconds });
  expect(bandwidthOf([part(750_000, 6), part(600_000, 6), part(150_000, 1)])).toEqual({
    average: Math.ceil((1_500_000 * 8) / 13),
    peak: 1_000_000,
  });
});
