import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fanOut } from "./fan-out.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fan-out-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("every sink reads all that the source wrote, however slow one of them is", async () => {
  const [a, b] = [join(directory, "a"), join(directory, "b")];
  await fanOut(
    ["head", "-c", "3000000", "/dev/zero"],
    [
      ["sh", "-c", `cat > ${a}`],
      ["sh", "-c", `sleep 0.2; cat > ${b}`],
    ],
  );
  expect([a, b].map((path) => readFileSync(path).length)).toEqual([3_000_000, 3_000_000]);
});

test("a sink that ends early fails the whole, and starves no other", async () => {
  const run = fanOut(
    ["head", "-c", "3000000", "/dev/zero"],
    [
      ["sh", "-c", "echo full >&2; exit 3"],
      ["sh", "-c", `cat > ${join(directory, "b")}`],
    ],
  );
  await expect(run).rejects.toThrow(/ended with 3:\nfull/);
  expect(readFileSync(join(directory, "b")).length).toBe(3_000_000);
});

test("a source that fails is said to have failed", async () => {
  await expect(fanOut(["sh", "-c", "echo lost >&2; exit 5"], [["cat"]])).rejects.toThrow(
    /ended with 5:\nlost/,
  );
});
