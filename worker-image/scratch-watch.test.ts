import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { usedBytesOf, watchScratch } from "./scratch-watch.ts";

const MIB = 2 ** 20;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mediajob-scratch-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, bytes: number) => writeFileSync(join(directory, name), Buffer.alloc(bytes, 1));

test("files in folders count, what links lead to does not", async () => {
  write("a", MIB);
  mkdirSync(join(directory, "passes"));
  write("passes/b", MIB);
  symlinkSync(process.execPath, join(directory, "link"));
  expect(await usedBytesOf(directory)).toBe(2 * MIB);
  expect(await usedBytesOf(join(directory, "none"))).toBe(0);
});

test("an attempt is told shortly before it is over its limit, once", async () => {
  const told: number[] = [];
  const end = watchScratch(directory, {
    limitBytes: 2 * MIB,
    lookMs: 5,
    onFull: (bytes) => told.push(bytes),
  });
  write("a", MIB);
  await new Promise((settle) => setTimeout(settle, 50));
  expect(told).toEqual([]);
  write("b", MIB);
  await expect.poll(() => told).toEqual([2 * MIB]);
  await new Promise((settle) => setTimeout(settle, 50));
  expect(told).toHaveLength(1);
  end();
});
