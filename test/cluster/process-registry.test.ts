import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identify, isAlive } from "./process-identity.ts";
import { assertAlive, recordedProcesses, startProcess, stopProcesses } from "./process-registry.ts";
import { until } from "./until.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "process-registry-"));
});
afterEach(async () => {
  await stopProcesses(directory);
  rmSync(directory, { recursive: true });
});

test("a started process is on record, and stopping ends it and the record", async () => {
  const process = startProcess(directory, "sleeper", ["sleep", "60"]);
  expect(recordedProcesses(directory)).toEqual([process]);
  expect(isAlive(process)).toBe(true);
  await stopProcesses(directory);
  expect(isAlive(process)).toBe(false);
  expect(recordedProcesses(directory)).toEqual([]);
});

test("a process that ignores SIGTERM is killed after the grace period", async () => {
  const stubborn = startProcess(directory, "stubborn", [
    "sh",
    "-c",
    "trap '' TERM; echo set; while :; do sleep 0.1; done",
  ]);
  await until("the trap", async () => recordedProcesses(directory).length === 1, { timeoutMs: 1000 });
  await stopProcesses(directory, { graceMs: 100 });
  expect(isAlive(stubborn)).toBe(false);
});

test("a later process with the same pid is neither taken for the recorded one nor killed", () => {
  const self = identify(process.pid);
  expect(self && isAlive(self)).toBe(true);
  expect(isAlive({ pid: process.pid, startTime: "1" })).toBe(false);
});

test("a process that ended early is reported with the end of its log", async () => {
  const brief = startProcess(directory, "brief", ["sh", "-c", "echo no such flag >&2; exit 2"]);
  await until("its end", async () => !isAlive(brief), { timeoutMs: 2000 });
  expect(() => assertAlive(brief)).toThrow(/brief ended early.*\nno such flag/);
});
