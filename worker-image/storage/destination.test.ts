import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Destination } from "../../crds/destination.ts";
import { type Unit, unit } from "../../crds/unit.ts";
import type { Product } from "../engine.ts";
import { VolumeDestination } from "./destination.ts";
import { openVolumeSource } from "./volume.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "mediajob-destination-"));
});
afterEach(async () => {
  for (const to of opened.splice(0)) await to.settle();
  await rm(root, { recursive: true });
});
const opened: VolumeDestination[] = [];

const aUnit = (destination: Partial<Destination> = {}, parts: Partial<Unit> = {}): Unit =>
  unit.parse({
    version: "v1",
    job: { namespace: "n", name: "j", uid: "uid" },
    name: "image-0",
    attempt: 1,
    family: "image",
    sources: [{ name: "a", volume: { claimName: "m", path: "a" } }],
    outputs: [{ name: "o", image: { format: "webp" } }],
    destination: { volume: { claimName: "m", path: "out" }, ...destination },
    limits: { cpu: 1, memoryBytes: 1e9, scratchBytes: 1e9, timeoutSeconds: 60 },
    ...parts,
  });
async function open(of: Unit, versions = { engine: "1" }): Promise<VolumeDestination> {
  const to = await VolumeDestination.open(of, { volumeRoot: () => root, versions });
  opened.push(to);
  return to;
}
const product = (
  parts: { output?: string; variant?: string; identity?: string; source?: string } = {},
): Product => ({
  source: { source: { name: parts.source ?? "a" }, path: "/a", bytes: 1, identity: parts.identity ?? "a 1" },
  output: parts.output ?? "o",
  variant: parts.variant,
  ext: "webp",
});
async function publish(to: VolumeDestination, content: string, of = product(), facts = {}) {
  const staged = join(to.stagingDir, `${Math.random()}`);
  await writeFile(staged, content, { mode: 0o600 });
  return await to.publish(staged, of, facts);
}
const files = async () =>
  (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(".mediajob"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();

test("a source's place and the day of the MediaJob are known before a file is made", async () => {
  const tokens = { index: { a: "07" }, date: "2026-01-31" };
  const unit = aUnit({ template: "{date}/{index}-{output}.{ext}", onConflict: "Skip" }, { tokens });
  await publish(await open(unit), "pixels");
  expect(await files()).toEqual(["out/2026-01-31/07-o.webp"]);
  expect(await (await open(unit, { engine: "2" })).findMade(product())).toMatchObject({ phase: "Skipped" });
});

test("what is made may be called as the source's file is", async () => {
  const source = { name: "a", volume: { claimName: "m", path: "in/A001_C002.mov" } };
  const unit = aUnit({ template: "{output}/{file}.{ext}", onConflict: "Skip" }, { sources: [source] });
  const proxy = { ...product(), source: { ...product().source, source } };
  await publish(await open(unit), "pixels", proxy);
  expect(await files()).toEqual(["out/o/A001_C002.webp"]);
  expect(await (await open(unit, { engine: "2" })).findMade(proxy)).toMatchObject({ phase: "Skipped" });
});

test("a published file has its name, its facts and a mode that others can read", async () => {
  const to = await open(aUnit());
  const made = await publish(to, "pixels", product(), { format: "webp", width: 3, height: 2 });
  expect(made).toEqual({
    source: "a",
    output: "o",
    phase: "Succeeded",
    uri: "volume://m/out/a/o.webp",
    bytes: 6,
    sha256: createHash("sha256").update("pixels").digest("hex"),
    format: "webp",
    width: 3,
    height: 2,
  });
  expect((await stat(join(root, "out/a/o.webp"))).mode & 0o777).toBe(0o644);
  expect(await readdir(to.stagingDir)).toEqual([]);
});

test("on a volume that a group shares, directories and files stay writable for the group", async () => {
  await chmod(root, 0o2775);
  const to = await open(aUnit());
  await publish(to, "pixels");
  expect((await stat(join(root, "out/a"))).mode & 0o2777).toBe(0o2775);
  expect((await stat(join(root, "out/a/o.webp"))).mode & 0o777).toBe(0o664);
});

test.each<{ onConflict: Destination["onConflict"]; expected: Record<string, string>; phase: string }>([
  { onConflict: "Overwrite", expected: { "out/a/o.webp": "new" }, phase: "Succeeded" },
  {
    onConflict: "Suffix",
    expected: { "out/a/o.webp": "old", "out/a/o_001.webp": "old", "out/a/o_002.webp": "new" },
    phase: "Succeeded",
  },
  { onConflict: "Skip", expected: { "out/a/o.webp": "old" }, phase: "Skipped" },
])("$onConflict meets a file of that name", async ({ onConflict, expected, phase }) => {
  await mkdir(join(root, "out/a"), { recursive: true });
  await writeFile(join(root, "out/a/o.webp"), "old");
  if (onConflict === "Suffix") await writeFile(join(root, "out/a/o_001.webp"), "old");
  const to = await open(aUnit({ onConflict }));
  expect((await publish(to, "new")).phase).toBe(phase);
  expect(await files()).toEqual(Object.keys(expected));
  for (const [path, content] of Object.entries(expected))
    expect(await readFile(join(root, path), "utf8")).toBe(content);
});

test("Fail leaves the file that is there and says what to do", async () => {
  await mkdir(join(root, "out/a"), { recursive: true });
  await writeFile(join(root, "out/a/o.webp"), "old");
  const to = await open(aUnit({ onConflict: "Fail" }));
  await expect(to.findMade(product())).rejects.toMatchObject({ reason: "OutputExists" });
  await expect(publish(to, "new")).rejects.toMatchObject({
    reason: "OutputExists",
    message: expect.stringContaining("onConflict"),
  });
  expect(await readFile(join(root, "out/a/o.webp"), "utf8")).toBe("old");
});

test.each<{ name: string; onConflict: Destination["onConflict"]; sources?: string[]; left: string[] }>([
  { name: "is removed where onConflict is Overwrite", onConflict: "Overwrite", left: [] },
  ...(["Suffix", "Skip", "Fail"] as const).map((onConflict) => ({
    name: `stays where onConflict is ${onConflict}`,
    ...{ onConflict, left: ["out/a/o.webp"] },
  })),
  {
    name: "stays, and is refused, where it is a source",
    ...{ onConflict: "Overwrite", sources: ["out/a/o.webp"], left: ["out/a/o.webp"] },
  },
])("what stands and has no successor $name", async ({ onConflict, sources = ["in/a"], left }) => {
  await mkdir(join(root, "out/a"), { recursive: true });
  await writeFile(join(root, "out/a/o.webp"), "old");
  const of = sources.map((path) => ({ name: "a", volume: { claimName: "m", path } }));
  const to = await open(aUnit({ onConflict }, { sources: of }));
  const said = await to.withdraw(product()).catch(({ reason }) => reason);
  await to.withdraw(product({ output: "none" }));
  expect(await files()).toEqual(left);
  expect(said).toBe(sources.includes("out/a/o.webp") ? "OutputPathConflict" : undefined);
});

test("nor is a directory removed, or what lies out of the volume", async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), "mediajob-elsewhere-"));
  await mkdir(join(root, "out/a/o.webp"), { recursive: true });
  await writeFile(join(elsewhere, "o.webp"), "theirs");
  await symlink(elsewhere, join(root, "out/b"));
  const to = await open(aUnit());
  await to.withdraw(product());
  await expect(to.withdraw(product({ source: "b" }))).rejects.toMatchObject({ reason: "OutputPathConflict" });
  expect(await readdir(join(root, "out/a"))).toEqual(["o.webp"]);
  expect(await readdir(elsewhere)).toEqual(["o.webp"]);
  await rm(elsewhere, { recursive: true });
});

test("of many that want one name at once, Suffix gives each its own and none is lost", async () => {
  const writers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      open(aUnit({ onConflict: "Suffix", template: "same.{ext}" }, { name: `image-${index}` })),
    ),
  );
  await Promise.all(
    writers.flatMap((to, index) =>
      [0, 1, 2].map((n) => publish(to, `${index}-${n}`, product({ output: `o${n}` }))),
    ),
  );
  const contents = await Promise.all((await files()).map((path) => readFile(join(root, path), "utf8")));
  expect(new Set(contents).size).toBe(24);
});

test("two outputs of a unit never share a name, not even in another case", async () => {
  const to = await open(aUnit({ template: "{source}.{ext}" }));
  await publish(to, "first");
  await expect(publish(to, "second", product({ output: "p" }))).rejects.toMatchObject({
    reason: "OutputPathConflict",
    message: expect.stringContaining("a/p and a/o would both be named a.webp"),
  });
});

test("late tokens are filled with what was verified", async () => {
  const to = await open(aUnit({ template: "{output}-{width}x{height}-{hash}.{format}.{ext}" }));
  const { uri, sha256 } = await publish(to, "pixels", product(), { width: 3, height: 2, format: "webp" });
  expect(uri).toBe(`volume://m/out/o-3x2-${sha256?.slice(0, 16)}.webp.webp`);
});

test("a later attempt finds what an earlier one made, and only that", async () => {
  const first = await open(aUnit());
  await publish(first, "pixels");
  await first.settle();
  const later = (versions?: { engine: string }, of = aUnit({}, { attempt: 2 })) => open(of, versions);
  expect(await (await later()).findMade(product())).toMatchObject({ phase: "Skipped", bytes: 6 });
  expect(await (await later()).findMade(product({ output: "other" }))).toBeUndefined();
  expect(await (await later()).findMade(product({ identity: "a 2" })), "another source").toBeUndefined();
  expect(await (await later({ engine: "2" })).findMade(product()), "another engine").toBeUndefined();
  const otherSpec = aUnit(
    {},
    { attempt: 2, outputs: [{ name: "o", image: { format: "webp", fit: "cover", position: "top" } }] },
  );
  expect(await (await later(undefined, otherSpec)).findMade(product()), "another spec").toBeUndefined();
  await writeFile(join(root, "out/a/o.webp"), "pixelz");
  expect(await (await later()).findMade(product()), "other bytes of the same length").toBeUndefined();
  await rm(join(root, "out/a/o.webp"));
  expect(await (await later()).findMade(product()), "gone").toBeUndefined();
});

test("an attempt that died between its note and the rename redoes that file, under the same name", async () => {
  const first = await open(aUnit({ onConflict: "Suffix" }));
  const made = await publish(first, "pixels");
  await rm(join(root, "out/a/o.webp"));
  const second = await open(aUnit({ onConflict: "Suffix" }, { attempt: 2 }));
  expect(await second.findMade(product())).toBeUndefined();
  expect((await publish(second, "pixels")).uri).toBe(made.uri);
});

test("a note that a crash cut short loses itself alone", async () => {
  const first = await open(aUnit());
  await publish(first, "pixels");
  await first.settle();
  const journal = join(root, "out/.mediajob/uid/image-0.made.jsonl");
  await writeFile(journal, `${await readFile(journal, "utf8")}\n{"key":"a/cut`);
  const second = await open(aUnit({}, { attempt: 2 }));
  await publish(second, "more", product({ source: "b" }));
  await second.settle();
  const third = await open(aUnit({}, { attempt: 3 }));
  expect(await third.findMade(product())).toBeDefined();
  expect(await third.findMade(product({ source: "b" }))).toBeDefined();
});

test("what journals tell of is known while it stands, but of units that are whole, and what is known already", async () => {
  const killed = await open(aUnit());
  const { uri } = await publish(killed, "pixels");
  const told = await publish(killed, "more", product({ source: "b" }));
  await publish(killed, "gone", product({ source: "c" }));
  await rm(join(root, "out/c/o.webp"));
  await publish(await open(aUnit({}, { name: "image-1" })), "whole", product({ source: "d" }));
  const last = await open(aUnit({}, { name: "finalize" }));
  const noted: unknown[] = [];
  for await (const file of last.noted({ whole: new Set(["image-1"]), known: new Set([told.uri]) }))
    noted.push(file);
  expect(noted).toMatchObject([{ unit: "image-0", made: { uri, phase: "Succeeded", bytes: 6 } }]);
});

test("what earlier attempts of the unit left aside is swept, what other units have is not", async () => {
  const other = await open(aUnit({}, { name: "image-0-a1" }));
  await writeFile(join(other.stagingDir, "x"), "x");
  const first = await open(aUnit());
  await writeFile(join(first.stagingDir, "x"), "x");
  const second = await open(aUnit({}, { attempt: 2 }));
  second.sweep();
  second.sweep();
  expect((await readdir(join(root, "out/.mediajob/uid"))).sort()).toEqual(["image-0-a1-a1"]);
});

test("what is not published is gone before the manifest and the report are written", async () => {
  const to = await open(aUnit());
  await mkdir(join(to.stagingDir, "deep"));
  await writeFile(join(to.stagingDir, "deep/half.webp"), "half");
  to.discard();
  expect(await readdir(to.stagingDir)).toEqual([]);
  await to.writeManifest({ told: true });
  await to.writeBeside("j.report.txt", "told");
  expect(await files()).toEqual(["out/j.report.txt"]);
});

test.each([
  {
    name: "a link that leads out of the volume",
    make: async () => symlink(tmpdir(), join(root, "out")),
    reason: "OutputPathConflict",
  },
  {
    name: "a file where the directory should be",
    make: async () => writeFile(join(root, "out"), "x"),
    reason: "OutputPathConflict",
  },
  {
    name: "a link that leads nowhere",
    make: async () => symlink(join(root, "nowhere"), join(root, "out")),
    reason: "OutputPathConflict",
  },
  {
    name: "a link to itself",
    make: async () => symlink(join(root, "out"), join(root, "out")),
    reason: "OutputPathConflict",
  },
])("a destination that is $name is refused", async ({ make, reason }) => {
  await make();
  await expect(open(aUnit())).rejects.toMatchObject({ reason });
});

test("a directory link below the destination that leads out is refused before anything is made behind it", async () => {
  const outside = await mkdtemp(join(tmpdir(), "mediajob-outside-"));
  await mkdir(join(root, "out"));
  await symlink(outside, join(root, "out/a"));
  const to = await open(aUnit({ template: "{source}/deep/{output}.{ext}" }));
  await expect(publish(to, "pixels")).rejects.toMatchObject({ reason: "OutputPathConflict" });
  expect(await readdir(outside)).toEqual([]);
  await rm(outside, { recursive: true });
});

test("a directory of the output's name is told as a conflict", async () => {
  await mkdir(join(root, "out/a/o.webp"), { recursive: true });
  const to = await open(aUnit());
  await expect(publish(to, "pixels")).rejects.toMatchObject({ reason: "OutputPathConflict" });
});

test.each([
  { name: "a directory", make: (path: string) => mkdir(path) },
  { name: "a link that leads nowhere", make: (path: string) => symlink("nowhere", path) },
  { name: "a link to itself", make: (path: string) => symlink("o.webp", path) },
])("what Skip keeps is a file, not $name", async ({ make }) => {
  await mkdir(join(root, "out/a"), { recursive: true });
  await make(join(root, "out/a/o.webp"));
  const to = await open(aUnit({ onConflict: "Skip" }));
  const made = (async () => (await to.findMade(product())) ?? (await publish(to, "pixels")))();
  await expect(made).rejects.toThrow(/^a\/o\.webp exists at the destination and is no file/);
});

test("a path that is longer than a file system takes is told as a conflict", async () => {
  const to = await open(aUnit({ template: `${"{source}/".repeat(25)}{output}.{ext}` }));
  const long = product({ source: "a".repeat(200) });
  await expect(publish(to, "pixels", long)).rejects.toMatchObject({ reason: "OutputPathConflict" });
});

test.each([
  { name: "an empty file", content: "", bytes: undefined },
  { name: "a file that has lost a part", content: "pix", bytes: 6 },
])("$name is never published", async ({ content, bytes }) => {
  const to = await open(aUnit());
  const published = publish(to, content, product(), { bytes });
  await expect(published).rejects.toMatchObject({ reason: "VerificationFailed" });
  expect(await files()).toEqual([]);
});

test.each([
  { name: "by its own name", onConflict: "Overwrite", sources: ["out/a/o.webp"] },
  { name: "by a link", onConflict: "Overwrite", sources: ["in/link.webp"] },
  {
    name: "as one that it is made with",
    onConflict: "Overwrite",
    sources: ["a"],
    companions: ["out/a/o.webp"],
  },
  { name: "as one that stands already", onConflict: "Skip", sources: ["out/a/o.webp"] },
] as const)("a source is never replaced by what is made of it: $name", async (row) => {
  await mkdir(join(root, "out/a"), { recursive: true });
  await mkdir(join(root, "in"));
  await writeFile(join(root, "out/a/o.webp"), "the original");
  await symlink(join(root, "out/a/o.webp"), join(root, "in/link.webp"));
  const of = (paths: readonly string[]) =>
    paths.map((path, at) => ({ name: at ? `b${at}` : "a", volume: { claimName: "m", path } }));
  const companions = "companions" in row ? { companions: of(["a", ...row.companions]).slice(1) } : {};
  const to = await open(aUnit({ onConflict: row.onConflict }, { sources: of(row.sources), ...companions }));
  await expect(publish(to, "pixels")).rejects.toThrow(/^a\/o\.webp is the source \w+ itself/);
  expect(await readFile(join(root, "out/a/o.webp"), "utf8")).toBe("the original");
});

test.each(["Overwrite", "Skip"] as const)(
  "nor is a file that was read beside the sources, such as a watermark, where onConflict is %s",
  async (onConflict) => {
    const to = await open(aUnit({ onConflict, template: "{output}.{ext}" }));
    const logo = { name: "a", volume: { claimName: "m", path: "out/o.webp" } };
    await writeFile(join(root, "out/o.webp"), "the logo");
    to.noteRead(await openVolumeSource(logo, () => root));
    await expect(publish(to, "pixels")).rejects.toThrow(
      /^o\.webp is the file out\/o\.webp, from which it is made, itself/,
    );
    expect(await readFile(join(root, "out/o.webp"), "utf8")).toBe("the logo");
  },
);

const streamFile = (name: string): Product => ({
  ...product({ variant: name }),
  template: `play/${name}`,
  isOfDirectory: true,
  ext: name.split(".").at(-1) ?? "",
});
const anotherJob = {
  job: { namespace: "n", name: "other", uid: "uid-2", createdAt: "2026-01-01T00:00:00Z" },
};

test("files of a directory are suffixed as one, so that they go on naming each other", async () => {
  const unit = aUnit({ onConflict: "Suffix" });
  const first = await open(unit);
  for (const name of ["a.mp4", "a.m3u8"]) await publish(first, `first ${name}`, streamFile(name));
  const second = await open(aUnit({ onConflict: "Suffix" }, anotherJob));
  for (const name of ["a.mp4", "b.mp4", "a.m3u8"]) await publish(second, `second ${name}`, streamFile(name));
  expect(await files()).toEqual(
    [...["play/a.m3u8", "play/a.mp4"], ...["play_001/a.m3u8", "play_001/a.mp4", "play_001/b.mp4"]].map(
      (name) => `out/${name}`,
    ),
  );
});

test.each(["Overwrite", "Suffix", "Skip", "Fail"] as const)(
  "an attempt replaces what an earlier one has put into a directory where onConflict is %s",
  async (onConflict) => {
    const unit = aUnit({ onConflict });
    const first = await open(unit);
    await publish(first, "on two cores", streamFile("a.mp4"));
    await first.settle();
    const second = await open({ ...unit, attempt: 2 });
    await publish(second, "on eight cores", streamFile("a.mp4"));
    await publish(second, "of eight cores", streamFile("a.m3u8"));
    expect(await files()).toEqual(["out/play/a.m3u8", "out/play/a.mp4"]);
    expect(await readFile(join(root, "out/play/a.mp4"), "utf8")).toBe("on eight cores");
  },
);

test("nothing is mixed into a directory that another MediaJob has begun", async () => {
  await publish(await open(aUnit()), "theirs", streamFile("a.mp4"));
  const to = await open(aUnit({ onConflict: "Skip" }, anotherJob));
  await expect(publish(to, "ours", streamFile("a.mp4"))).rejects.toMatchObject({ reason: "OutputExists" });
  expect(await readFile(join(root, "out/play/a.mp4"), "utf8")).toBe("theirs");
});
