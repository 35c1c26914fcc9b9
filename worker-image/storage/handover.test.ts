import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { VolumeHandover } from "./handover.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mediajob-handover-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const staged = (content: string) => {
  const path = join(root, "staged");
  writeFileSync(path, content);
  return path;
};

test("what one unit leaves another finds, and the last one counts", async () => {
  const handover = new VolumeHandover(root);
  expect(await handover.find("a.mp4")).toBeUndefined();
  await handover.leave(staged("first"), "a.mp4");
  await handover.leave(staged("second"), "a.mp4");
  expect(readFileSync((await new VolumeHandover(root).find("a.mp4")) ?? "", "utf8")).toBe("second");
  expect(readdirSync(root)).toEqual(["parts"]);
});

test("what has served is removed, once or twice", async () => {
  const handover = new VolumeHandover(root);
  await handover.leave(staged("part"), "a.mp4");
  await handover.remove(["a.mp4", "b.mp4"]);
  await handover.remove(["a.mp4"]);
  expect(await handover.find("a.mp4")).toBeUndefined();
});
