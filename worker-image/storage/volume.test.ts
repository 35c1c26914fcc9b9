import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openVolumeSource } from "./volume.ts";

let outside: string;
let root: string;

beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), "mediajob-source-"));
  root = join(outside, "root");
  await mkdir(join(root, "in"), { recursive: true });
  await writeFile(join(outside, "secret"), "secret");
  await mkdir(join(outside, "root-twin"));
  await writeFile(join(outside, "root-twin", "secret"), "secret");
  await writeFile(join(root, "in", "a.jpg"), "bytes");
  await writeFile(join(root, "in", " -rf\n'ü'.jpg"), "bytes");
  await writeFile(join(root, "in", "empty.jpg"), "");
  await symlink("a.jpg", join(root, "in", "inner.jpg"));
  await symlink("../../secret", join(root, "in", "outer.jpg"));
  await symlink(join(outside, "root-twin", "secret"), join(root, "in", "twin.jpg"));
  await symlink("/etc", join(root, "etc"));
  await symlink("loop.jpg", join(root, "in", "loop.jpg"));
  await symlink("gone.jpg", join(root, "in", "dangling.jpg"));
  execFileSync("mkfifo", [join(root, "in", "pipe.jpg")]);
});
afterAll(() => rm(outside, { recursive: true }));

const open = (path: string, claimName = "media") =>
  openVolumeSource({ name: "s", volume: { claimName, path } }, () =>
    claimName === "media" ? root : join(outside, "none"),
  );

test.each([
  { name: "a file is opened", path: "in/a.jpg", file: "in/a.jpg" },
  { name: "a link that stays inside is followed", path: "in/inner.jpg", file: "in/a.jpg" },
  { name: "a name of any bytes is a name", path: "in/ -rf\n'ü'.jpg", file: "in/ -rf\n'ü'.jpg" },
])("$name", async ({ path, file }) => {
  expect(await open(path)).toMatchObject({ path: join(root, file), bytes: 5 });
});

test.each([
  { name: "a missing file", path: "in/none.jpg", reason: "SourceNotFound" },
  { name: "a path through a file", path: "in/a.jpg/b.jpg", reason: "SourceNotFound" },
  { name: "a name longer than any file system takes", path: "x".repeat(300), reason: "SourceNotFound" },
  { name: "a link to nowhere", path: "in/dangling.jpg", reason: "SourceNotFound" },
  { name: "an empty file", path: "in/empty.jpg", reason: "SourceEmpty" },
  { name: "a directory", path: "in", reason: "SourceIsDirectory" },
  { name: "a link that leads out", path: "in/outer.jpg", reason: "SourceOutsideVolume" },
  {
    name: "a link to a directory whose name begins like the root's",
    path: "in/twin.jpg",
    reason: "SourceOutsideVolume",
  },
  {
    name: "a file under a directory link that leads out",
    path: "etc/hostname",
    reason: "SourceOutsideVolume",
  },
  { name: "two dots that lead out", path: "../secret", reason: "SourceOutsideVolume" },
  { name: "a link to itself", path: "in/loop.jpg", reason: "SourceUnreadable" },
  { name: "a pipe, which would be waited on for ever", path: "in/pipe.jpg", reason: "SourceUnreadable" },
])("$name is refused", async ({ path, reason }) => {
  await expect(open(path)).rejects.toMatchObject({ reason, message: expect.stringContaining("source s: ") });
});

test("a claim that is not mounted is named", async () => {
  await expect(open("a.jpg", "other")).rejects.toMatchObject({
    reason: "VolumeMissing",
    message: expect.stringContaining("other"),
  });
});

test("the identity changes with the content and not with the machine's directory", async () => {
  const before = await open("in/a.jpg");
  expect(before.identity).not.toContain(root);
  await writeFile(join(root, "in", "a.jpg"), "other bytes");
  expect((await open("in/a.jpg")).identity).not.toBe(before.identity);
  await writeFile(join(root, "in", "a.jpg"), "bytes");
});
