import { expect, test } from "vitest";
import { bandwidthOf } from "./stream.ts";

const part = (bytes: number, seconds: number) => ({ bytes, seconds });
const average = (bytes: number, seconds: number) => Math.ceil((bytes * 8) / seconds);

test.each([
  {
    name: "a short last segment alone is no peak",
    parts: [part(750_000, 6), part(600_000, 6), part(150_000, 1)],
    expected: { average: average(1_500_000, 13), peak: 1_000_000 },
  },
  {
    name: "a short last segment and the one before it are one",
    parts: [part(750_000, 6), part(750_000, 6), part(2_500_000, 2)],
    expected: { average: average(4_000_000, 14), peak: 3_250_000 },
  },
  {
    name: "all of it is one where it is shorter than a span",
    parts: [part(50_000, 0.4)],
    expected: { average: 1_000_000, peak: 1_000_000 },
  },
  { name: "of nothing they are nothing", parts: [], expected: { average: 0, peak: 0 } },
])("bandwidths: $name", ({ parts, expected }) => expect(bandwidthOf(parts)).toEqual(expected));
