import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { enter, isAbandoned, keep } from "./cluster-users.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cluster-users-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a cluster is abandoned when the last of its users has left", () => {
  const [leaveFirst, leaveSecond] = [enter(directory), enter(directory)];
  leaveFirst();
  expect(isAbandoned(directory)).toBe(false);
  leaveSecond();
  expect(isAbandoned(directory)).toBe(true);
});

test("a user that has died holds nothing", () => {
  mkdirSync(join(directory, "users"));
  writeFileSync(join(directory, "users", "dead.json"), JSON.stringify({ pid: process.pid, startTime: "1" }));
  expect(isAbandoned(directory)).toBe(true);
});

test("a cluster that is to be kept is never abandoned", () => {
  keep(directory);
  enter(directory)();
  expect(isAbandoned(directory)).toBe(false);
});
