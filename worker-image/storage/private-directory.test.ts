import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unit } from "../../crds/unit.ts";
import {
  makePrivateDirectory,
  manifestsOf,
  type PrivateDirectory,
  sweepJobDirectory,
} from "./private-directory.ts";

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

describe("an attempt on a node that stopped answering", () => {
  const attempt = (number: number) =>
    unit.parse({
      ...{ version: "v1", name: "video-3", attempt: number, family: "video" },
      sources: [{ name: "walk", volume: { claimName: "media", path: "walk.mp4" } }],
      outputs: [{ name: "web", video: {} }],
      job: { namespace: "media", name: "holiday", uid: "uid" },
      destination: { volume: { claimName: "media" } },
      limits: { cpu: 1, memoryBytes: 1, scratchBytes: 1, timeoutSeconds: 1 },
    });
  const begin = (number: number) => makePrivateDirectory(destination, attempt(number));
  const left = (directory: string) => readdirSync(directory).toSorted();

  let destination: string;
  beforeEach(() => {
    destination = join(jobDirectory, "destination");
  });

  test("has nothing more to publish once the next one has begun", async () => {
    const first = await begin(1);
    writeFileSync(join(first.staging, "film.mp4"), "whole");
    await begin(2);
    expect(left(first.jobDirectory)).toEqual(["video-3-a2"]);
  });

  test.each([
    { name: "is at work", end: () => {} },
    {
      name: "has ended",
      end: ({ staging, manifest }: PrivateDirectory) => {
        writeFileSync(manifest, "{}");
        rmSync(staging, { recursive: true });
      },
    },
  ])("ends itself when it begins late and the next one $name", async ({ end }) => {
    const second = await begin(2);
    end(second);
    const before = left(second.jobDirectory);
    await expect(begin(1)).rejects.toMatchObject({ reason: "Terminated" });
    expect(left(second.jobDirectory)).toEqual(before);
  });

  test("sweeps nothing of the next one, should it have been the last unit", async () => {
    const first = await begin(1);
    const second = await begin(2);
    await expect(sweepJobDirectory(first, 99)).rejects.toMatchObject({ reason: "Terminated" });
    expect(left(second.jobDirectory)).toEqual(["video-3-a2"]);
  });

  test("keeps no other unit from its work", async () => {
    const { jobDirectory } = await begin(101);
    await makePrivateDirectory(destination, { ...attempt(1), name: "video-30" });
    expect(left(jobDirectory)).toEqual(["video-3-a101", "video-30-a1"]);
  });
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
