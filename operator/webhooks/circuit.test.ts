import { expect, test } from "vitest";
import { Circuit } from "./circuit.ts";

const fail = (circuit: Circuit, times: number, atMs: number) => {
  for (let count = 0; count < times; count++) circuit.failed(atMs);
};

test("ten failures in a row open it for 120 s", () => {
  const circuit = new Circuit();
  fail(circuit, 9, 0);
  expect(circuit.waitMs(0)).toBe(0);
  circuit.failed(1000);
  expect(circuit.waitMs(1000)).toBe(120_000);
  expect(circuit.waitMs(121_000)).toBe(0);
});

test("failures that are 300 s apart are not in a row", () => {
  const circuit = new Circuit();
  fail(circuit, 9, 0);
  circuit.failed(300_000);
  expect(circuit.isOpen).toBe(false);
});

test("one success between failures forgets them", () => {
  const circuit = new Circuit();
  fail(circuit, 9, 0);
  circuit.succeeded();
  fail(circuit, 9, 0);
  expect(circuit.isOpen).toBe(false);
});

test("a probe that fails keeps it open for 30 s more; one that succeeds closes it", () => {
  const circuit = new Circuit();
  fail(circuit, 10, 0);
  circuit.failed(60_000); // sent before it opened
  expect(circuit.waitMs(60_000)).toBe(60_000);
  circuit.failed(130_000);
  expect(circuit.waitMs(130_000)).toBe(30_000);
  circuit.succeeded();
  expect(circuit.isFresh(130_000)).toBe(true);
});

test.each([
  { name: "failures that do not open it", failures: 9, forMs: 300_000 },
  { name: "that it is open, when nobody probes it", failures: 10, forMs: 120_000 + 1_800_000 },
])("$name is remembered for $forMs ms", ({ failures, forMs }) => {
  const circuit = new Circuit();
  fail(circuit, failures, 0);
  expect([circuit.isFresh(forMs - 1), circuit.isFresh(forMs)]).toEqual([false, true]);
});
