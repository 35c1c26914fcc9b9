import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifestsOf, sweepJobDirectory } from "./private-directory.ts";

let jobDirectory: string;
beforeEach(() => {
  jobDirectory = mkdtempSync(join(tmpdir(), "mediajob-private-"));
  for (const name of ["image-0-a1", "video-3-a2", "video-3-a101", "parts", "finalize-a1"]) {
    mkdirSync(join(jobDirectory, name));
    writeFileSync(join(jobDirectory, name, "staged.webp"), "half");
  }
  for (const name of ["image-0-a1.json", "video-3-a2.json", "image-0.made.jsonl"])
    writeFileSync(join(jobDirectory, name), name);
});
afterEach(() => rmSync(jobDirectory, { recursive: true, force: true }));

const paths = () => ({
  jobDirectory,
  staging: join(jobDirectory, "finalize-a1"),
  manifest: join(jobDirectory, "finalize-a1.json"),
  journal: join(jobDirectory, "finalize.made.jsonl"),
});

test("what attempts and parts left is swept; manifests, journals, one's own and a later retry's work stay", async () => {
  expect((await sweepJobDirectory(paths(), 99)).toSorted()).toEqual(["image-0-a1", "parts", "video-3-a2"]);
  expect(readdirSync(jobDirectory).toSorted()).toEqual([
    "finalize-a1",
    "image-0-a1.json",
    "image-0.made.jsonl",
    "video-3-a101",
    "video-3-a2.json",
  ]);
  expect(await sweepJobDirectory(paths(), 99)).toEqual([]);
});

test("manifests are read, and nothing else", async () => {
  const found: string[] = [];
  for await (const text of manifestsOf(paths())) found.push(text);
  expect(found).toEqual(["image-0-a1.json", "video-3-a2.json"]);
});

/** In a mount namespace of its own, where one may have that. */
const onReadOnly = (script: string) =>
  spawnSync("unshare", ["-rm", "sh", "-c", `mount -t tmpfs -o ro none ${jobDirectory} && ${script}`], {
    encoding: "utf8",
  });

test("of a file system that is read-only it is told that it is", ({ skip }) => {
  if (onReadOnly("true").status !== 0) skip("no file system can be mounted here");
  const module = resolve(import.meta.dirname, "private-directory.ts");
  const code = `import(${JSON.stringify(module)}).then((it) => it.makeShared(process.argv[1]))`;
  const { stderr } = onReadOnly(`${process.execPath} -e '${code}' ${jobDirectory}/deep/down`);
  expect(stderr).toContain("EROFS");
});
