import { expect, test } from "vitest";
import { RetryLine, retriesAllowed } from "./retry-gate.ts";

test.each([
  { name: "all of them in a cluster with room", failureClass: "storage", load: 0.5, allowed: 5 },
  { name: "half of them when it fills", failureClass: "storage", load: 0.8, allowed: 2 },
  { name: "the network's all the same", failureClass: "network", load: 0.8, allowed: 5 },
  { name: "one in a full cluster", failureClass: "storage", load: 0.9, allowed: 1 },
  { name: "one of the network's, too", failureClass: "network", load: 1, allowed: 1 },
] as const)("retries at once: $name", ({ failureClass, load, allowed }) => {
  expect(retriesAllowed(failureClass, { most: 5, load })).toBe(allowed);
});

test("those who wait for a gate come in their order, and another gate does not hold them up", () => {
  const line = new RetryLine();
  line.wait("a", "storage/Low");
  line.wait("b", "network/Low");
  line.wait("c", "network/Low");
  line.wait("b", "network/Low");
  expect(line.first("network/Low")).toBe("b");
  line.leave("b");
  expect(line.first("network/Low")).toBe("c");
  expect(line.first("disk/Low")).toBeUndefined();
});

test("who waits for another gate now goes to its end", () => {
  const line = new RetryLine();
  line.wait("a", "storage/Low");
  line.wait("b", "network/Low");
  line.wait("a", "network/Low");
  expect(line.first("network/Low")).toBe("b");
});
