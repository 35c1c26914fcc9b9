import { utimesSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Unit, unit } from "../../crds/unit.ts";
import type { OpenedSource, Product } from "../engine.ts";
import { VolumeDestination } from "./destination.ts";
import { type MadeRecord, MadeRecords } from "./made-records.ts";
import { openVolumeSource } from "./volume.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "mediajob-reuse-"));
  await writeFile(join(root, "logo.png"), "logo");
});
afterEach(async () => {
  for (const to of opened.splice(0)) await to.settle();
  await rm(root, { recursive: true });
});
const opened: VolumeDestination[] = [];

const unitOf = (uid: string, parts: Record<string, unknown> = {}): Unit =>
  unit.parse({
    version: "v1",
    job: { namespace: "n", name: `job-${uid}`, uid },
    name: "image-0",
    attempt: 1,
    family: "image",
    sources: [{ name: "a", volume: { claimName: "m", path: "a" } }],
    outputs: [{ name: "o", image: { format: "webp" } }],
    destination: { volume: { claimName: "m", path: "out" } },
    limits: { cpu: 1, memoryBytes: 1e9, scratchBytes: 1e9, timeoutSeconds: 60 },
    ...parts,
  });

const product = (parts: { variant?: string; identity?: string } = {}): Product => ({
  source: { source: { name: "a" }, path: "/a", bytes: 1, identity: parts.identity ?? "a 1" },
  output: "o",
  variant: parts.variant,
  suffix: parts.variant && `-${parts.variant}`,
  ext: "webp",
});

async function open(of: Unit, versions = { engine: "1" }): Promise<VolumeDestination> {
  const to = await VolumeDestination.open(of, { volumeRoot: () => root, versions });
  opened.push(to);
  return to;
}

async function publish(to: VolumeDestination, content: string, of = product()) {
  const staged = join(to.stagingDir, `${Math.random()}`);
  await writeFile(staged, content);
  return await to.publish(staged, of, {});
}

const none = { opened: [], failures: [] };
const logo = (): Promise<OpenedSource> =>
  openVolumeSource({ name: "a", volume: { claimName: "m", path: "logo.png" } }, () => root);

/** What a first MediaJob makes and remembers. */
async function madeByAnother({
  variants = [undefined],
  known = none,
  parts = {},
}: {
  variants?: (string | undefined)[];
  known?: Parameters<VolumeDestination["reuse"]["remember"]>[0];
  parts?: Record<string, unknown>;
} = {}) {
  const to = await open(unitOf("first", parts));
  for (const variant of variants) await publish(to, `pixels ${variant}`, product(variant ? { variant } : {}));
  await to.reuse.remember(known);
  await to.settle();
  to.sweep();
}

test("what another MediaJob made of the same source, spec and engine is not made again", async () => {
  await madeByAnother();
  const to = await open(unitOf("second"));
  expect(await to.findMade(product())).toMatchObject({
    phase: "Skipped",
    reused: true,
    uri: "volume://m/out/a/o.webp",
    bytes: "pixels undefined".length,
  });
});

test("of an output of several files all are told of, whichever is asked for", async () => {
  await madeByAnother({ variants: ["640w", "320w"] });
  const to = await open(unitOf("second"));
  await to.findMade(product({ variant: "320w" }));
  expect(to.reuse.files().map(({ uri }) => uri)).toEqual([
    "volume://m/out/a/o-640w.webp",
    "volume://m/out/a/o-320w.webp",
  ]);
});

describe("it is made again", () => {
  const failure = { class: "input", reason: "SourceCorrupt", message: "it ends early" } as const;
  test.each<{
    name: string;
    before?: Parameters<typeof madeByAnother>[0];
    meanwhile?: () => Promise<unknown>;
    unit?: Record<string, unknown>;
    versions?: { engine: string };
    of?: Product;
  }>([
    { name: "when the source is another", of: product({ identity: "a 2" }) },
    { name: "when the engine is another", versions: { engine: "2" } },
    {
      name: "when the spec is another",
      unit: { outputs: [{ name: "o", image: { format: "webp", width: 9 } }] },
    },
    { name: "when the file is gone", meanwhile: () => rm(join(root, "out/a/o.webp")) },
    {
      name: "when the file holds something else of the same size",
      meanwhile: () => writeFile(join(root, "out/a/o.webp"), "PIXELS UNDEFINED"),
    },
    {
      name: "when one of its other files is gone",
      before: { variants: ["640w", "320w"] },
      meanwhile: () => rm(join(root, "out/a/o-640w.webp")),
      of: product({ variant: "320w" }),
    },
    {
      name: "when the attempt that made it failed with it",
      before: { known: { opened: [], failures: [failure] } },
    },
    {
      name: "when onConflict is Suffix, which asks for another file",
      unit: { destination: { volume: { claimName: "m", path: "out" }, onConflict: "Suffix" } },
    },
    {
      name: "when what is known of it cannot be read",
      meanwhile: async () => {
        const [record] = (await readdir(join(root, "out/.mediajob/made"), { recursive: true })).filter(
          (path) => path.endsWith(".json"),
        );
        await writeFile(join(root, "out/.mediajob/made", record ?? ""), '{"version":');
      },
    },
  ])("$name", async ({ before, meanwhile, unit: parts, versions, of = product() }) => {
    await madeByAnother(before);
    await meanwhile?.();
    expect(await (await open(unitOf("second", parts), versions)).findMade(of)).toBeUndefined();
  });

  test("when a file beside the source has changed that went into it, and not before", async () => {
    await madeByAnother({ known: { opened: [await logo()], failures: [] } });
    expect(await (await open(unitOf("second"))).findMade(product())).toBeDefined();
    await utimes(join(root, "logo.png"), 1, 1);
    expect(await (await open(unitOf("third"))).findMade(product())).toBeUndefined();
  });

  test("when a watermark has changed that is a source of the same unit, for which it is nothing beside", async () => {
    const place = (name: string, path: string) => ({ name, volume: { claimName: "m", path } });
    const [a, mark] = [place("a", "a.jpg"), place("logo", "logo.png")];
    await writeFile(join(root, "a.jpg"), "pixels of a");
    const openedA = await openVolumeSource(a, () => root);
    const openedMark = await openVolumeSource(mark, () => root);
    const [ofA, ofMark] = [openedA, openedMark].map((source) => ({ ...product(), source }));
    const sources = { sources: [a, mark] };
    const first = await open(unitOf("first", sources));
    await publish(first, "a with its mark", ofA);
    await publish(first, "the mark", ofMark);
    await first.reuse.remember({ opened: [openedA, await logo(), openedMark], failures: [] });
    await first.settle();
    expect(await (await open(unitOf("second", sources))).findMade(ofA ?? product())).toBeDefined();
    await utimes(join(root, "logo.png"), 1, 1);
    const third = await open(unitOf("third", sources));
    expect(await third.findMade(ofA ?? product())).toBeUndefined();
    expect(await third.findMade(ofMark ?? product()), "known by its own identity alone").toBeDefined();
  });

  test("when a Secret went into it", async () => {
    const to = await open(unitOf("first"));
    to.reuse.forget();
    await publish(to, "pixels");
    await to.reuse.remember(none);
    expect(await (await open(unitOf("second"))).findMade(product())).toBeUndefined();
  });

  test("when an earlier attempt had made a part of it", async () => {
    const first = await open(unitOf("first"));
    await publish(first, "large", product({ variant: "640w" }));
    await first.settle();
    const again = await open(unitOf("first", { attempt: 2 }));
    expect(await again.findMade(product({ variant: "640w" }))).toMatchObject({ phase: "Skipped" });
    await publish(again, "small", product({ variant: "320w" }));
    await again.reuse.remember(none);
    expect(await (await open(unitOf("second"))).findMade(product({ variant: "320w" }))).toBeUndefined();
  });
});

test("a file that would lie elsewhere is never taken for it, whatever a record says", async () => {
  await madeByAnother();
  await writeFile(join(root, "secret"), "pixels undefined");
  const directory = join(root, "out/.mediajob/made");
  const [record = ""] = (await readdir(directory, { recursive: true })).filter((path) =>
    path.endsWith(".json"),
  );
  const text = await readFile(join(directory, record), "utf8");
  await writeFile(join(directory, record), text.replace("a/o.webp", "../secret"));
  expect(await (await open(unitOf("second"))).findMade(product())).toBeUndefined();
});

test("records are bounded: the oldest go", async () => {
  const destination = join(root, "out");
  const stagingDir = join(root, "staging");
  await mkdir(stagingDir);
  const records = new MadeRecords({ destination, stagingDir });
  const { job } = unitOf("u");
  const record: MadeRecord = { version: "v1", fingerprint: "f", inputs: [], files: [], job };
  await records.leave(new Map([["name", record]]));
  const [shard = ""] = await readdir(join(destination, ".mediajob/made"));
  const directory = join(destination, ".mediajob/made", shard);
  for (let index = 0; index < 1000; index++) {
    writeFileSync(join(directory, `${index}.json`), "");
    utimesSync(join(directory, `${index}.json`), index, index);
  }
  await records.leave(new Map([["name", record]]));
  const left = await readdir(directory);
  expect(left).toHaveLength(750);
  expect(left).toContain("999.json");
  expect(left).not.toContain("0.json");
  expect(await records.find("name")).toEqual(record);
});
