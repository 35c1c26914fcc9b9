import { expect, test } from "vitest";
import { parseQuantity } from "./quantity.ts";

test.each([
  { quantity: "512Mi", expected: 536_870_912 },
  { quantity: "1.5Gi", expected: 1_610_612_736 },
  { quantity: "2G", expected: 2_000_000_000 },
  { quantity: "100m", expected: 0.1 },
  { quantity: "7", expected: 7 },
  { quantity: "2Pi", expected: 2 ** 51 },
])("$quantity is $expected", ({ quantity, expected }) => expect(parseQuantity(quantity)).toBe(expected));

test.each(["", "Mi", "1 Gi", "-1", "1e3"])("%j is refused", (quantity) => {
  expect(() => parseQuantity(quantity)).toThrow("expected a Kubernetes quantity");
});
