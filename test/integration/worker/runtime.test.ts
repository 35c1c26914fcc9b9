import { spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, stat, truncate } from "node:fs/promises";
import { resolve } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FAILURE_CLASSES } from "../../../crds/failures.ts";
import { photo, quadrants } from "../../worker/pictures.ts";
import {
  aUnit,
  filesOf,
  from,
  makeVolume,
  runWorker,
  type WorkerRun,
  type WorkerVolume,
} from "../../worker/run-worker.ts";

const WALK = resolve(import.meta.dirname, "../../../examples/media/walk.mp4");

/** The worker program as a whole: how it starts, how it ends, and what it leaves behind. */

let volume: WorkerVolume;
beforeEach(async () => {
  volume = await makeVolume();
});
afterEach(() => volume.remove());

const image = (name: string, fields: object) => ({ name, image: { format: "webp", ...fields } });
const thumb = image("thumb", { width: 32 });
const slow = image("slow", { format: "avif", effort: 9, lossless: true });

const outputs = async () =>
  (await filesOf(volume)).filter((path) => path.startsWith("out/") && !path.includes(".mediajob"));
const leftAside = async () =>
  (await filesOf(volume)).filter((path) => /\.mediajob\/[^/]+\/[^/]+-a\d+\//.test(path));

describe("a unit that is none", () => {
  test.each([
    { name: "empty", text: "" },
    { name: "not JSON", text: "{" },
    { name: "of a later version", text: '{"version":"v2"}' },
    {
      name: "without sources",
      text: JSON.stringify(aUnit({ family: "image", sources: [], outputs: [thumb] })),
    },
    {
      name: "of one family with an output of another",
      text: JSON.stringify(
        aUnit({ family: "image", sources: from({ a: "a" }), outputs: [{ name: "v", video: {} }] }),
      ),
    },
  ])("$name is told as InvalidUnit", async ({ text }) => {
    const { exitCode, result } = await runWorker(text, volume);
    expect(exitCode).toBe(FAILURE_CLASSES.config.exitCode);
    expect(result.failure).toMatchObject({ class: "config", reason: "InvalidUnit" });
  });
});

test("a batch goes on past what is broken, and ends well with what it made", async () => {
  await volume.put("in/good.jpg", await quadrants().jpeg().toBuffer());
  await volume.put("in/empty.jpg", "");
  await volume.put("in/text.jpg", "this is no image");
  const sources = from({
    good: "in/good.jpg",
    empty: "in/empty.jpg",
    text: "in/text.jpg",
    gone: "in/gone.jpg",
    folder: "in",
  });
  const run = await runWorker(aUnit({ family: "image", sources, outputs: [thumb] }), volume);
  expect(run.exitCode).toBe(0);
  expect(run.result.counts).toEqual({ succeeded: 1, skipped: 0, failed: 4 });
  expect(run.result.failedSources).toEqual([1, 2, 3, 4]);
  expect(Object.fromEntries(run.result.failures.map(({ source, reason }) => [source, reason]))).toEqual({
    empty: "SourceEmpty",
    text: "UnsupportedFormat",
    gone: "SourceNotFound",
    folder: "SourceIsDirectory",
  });
  expect(await outputs()).toEqual(["out/good/thumb.webp"]);
  expect(await leftAside()).toEqual([]);
  expect(run.manifest).toMatchObject({
    unit: "image-0",
    counts: { succeeded: 1 },
    engine: { family: "image" },
  });
  expect(run.progress.at(-1)).toMatchObject({ fraction: 1 });
  const fractions = run.progress.map(({ fraction }) => fraction);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(run.result.usage.peakMemoryBytes).toBeGreaterThan(2 ** 20);
  expect(run.result.usage.cpuSeconds).toBeGreaterThan(0);
});

test("to read a large source for its checksum is progress, too", async () => {
  const bytes = 2 ** 28;
  const large = await volume.put("in/large.mp4", await readFile(WALK));
  await truncate(large, bytes); // the rest is a hole: it is read, and takes no room
  const describing = { name: "about", metadata: { checksum: true } };
  const unit = aUnit({ family: "metadata", sources: from({ large: "in/large.mp4" }), outputs: [describing] });
  const run = await runWorker(unit, volume);
  expect(run.exitCode).toBe(0);
  expect(run.progress.some(({ fraction }) => fraction > 0.1 && fraction < 0.9)).toBe(true);
  expect(JSON.parse(await readFile(volume.path("out/large/about.json"), "utf8"))).toMatchObject({
    source: { bytes, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    kind: "video",
  });
});

test("a worker that is stopped ends with 40 and leaves what was finished, and nothing else", async () => {
  await volume.put("in/large.jpg", await (await photo(3)).jpeg().toBuffer());
  const unit = aUnit({ family: "image", sources: from({ large: "in/large.jpg" }), outputs: [slow] });
  let stoppedAt = 0;
  const run = await runWorker(unit, volume, {
    during: async ({ pid, firstProgress }) => {
      await firstProgress;
      while ((await leftAsideDirectories()) === 0) await new Promise((settle) => setTimeout(settle, 20));
      await new Promise((settle) => setTimeout(settle, 300));
      stoppedAt = Date.now();
      process.kill(pid, "SIGTERM");
    },
  });
  expect(Date.now() - stoppedAt, "the kubelet would kill after a while").toBeLessThan(10_000);
  expect(run.exitCode).toBe(FAILURE_CLASSES.disruption.exitCode);
  expect(run.result.failure).toMatchObject({ class: "disruption", reason: "Terminated" });
  expect(await outputs()).toEqual([]);
  expect(await leftAsideDirectories()).toBe(0);
});

test("a unit that takes too long ends itself as DeadlineExceeded", async () => {
  await volume.put("in/large.jpg", await (await photo(3)).jpeg().toBuffer());
  const limits = { cpu: 2, memoryBytes: 2 ** 31, scratchBytes: 2 ** 30, timeoutSeconds: 1 };
  const unit = aUnit({ family: "image", sources: from({ large: "in/large.jpg" }), outputs: [slow], limits });
  const run = await runWorker(unit, volume);
  expect(run.exitCode).toBe(FAILURE_CLASSES.deadline.exitCode);
  expect(run.result.failure).toMatchObject({ reason: "DeadlineExceeded" });
  expect(await leftAsideDirectories()).toBe(0);
});

test("an attempt that begins late, as its node was cut off, ends itself and takes nothing from the next one", async () => {
  await volume.put("in/large.jpg", await (await photo(1)).jpeg().toBuffer());
  const unit = aUnit({
    ...{
      family: "image",
      sources: from({ large: "in/large.jpg" }),
      outputs: [image("whole", { lossless: true })],
    },
    finalize: { sweepToAttempt: 99, formats: ["json"] }, // the only unit of its MediaJob sweeps when it ends
  });
  let late: WorkerRun | undefined;
  const next = await runWorker({ ...unit, attempt: 2 }, volume, {
    during: async ({ pid }) => {
      await expect.poll(leftAsideDirectories).toBe(1);
      process.kill(pid, "SIGSTOP"); // so that it is at work for as long as the other takes
      late = await runWorker(unit, volume);
      process.kill(pid, "SIGCONT");
    },
  });
  expect(late?.result).toMatchObject({ failure: { reason: "Terminated" }, outputs: [] });
  expect(next.result).toMatchObject({ counts: { succeeded: 1, failed: 0 }, reportUri: expect.any(String) });
  expect(await outputs()).toContain("out/large/whole.webp");
});

test("a retried unit makes only what is missing, and a third attempt makes nothing", async () => {
  await volume.put("in/a.jpg", await quadrants().jpeg().toBuffer());
  const unit = aUnit({ family: "image", sources: from({ a: "in/a.jpg", b: "in/b.jpg" }), outputs: [thumb] });
  expect((await runWorker(unit, volume)).result.counts).toEqual({ succeeded: 1, skipped: 0, failed: 1 });
  const { mtimeMs } = await stat(volume.path("out/a/thumb.webp"));
  await volume.put("in/b.jpg", await quadrants().jpeg().toBuffer());
  expect((await runWorker({ ...unit, attempt: 2 }, volume)).result.counts).toEqual({
    succeeded: 1,
    skipped: 1,
    failed: 0,
  });
  expect((await runWorker({ ...unit, attempt: 3 }, volume)).result.counts).toEqual({
    succeeded: 0,
    skipped: 2,
    failed: 0,
  });
  expect((await stat(volume.path("out/a/thumb.webp"))).mtimeMs).toBe(mtimeMs);
});

test("an image that is too large asks for the memory it needs, and is made with it; the rest is made at once", async () => {
  const blank = sharp({ create: { width: 6000, height: 4000, channels: 4, background: "#33557788" } });
  await volume.put("in/large.png", await blank.png({ compressionLevel: 1, progressive: true }).toBuffer());
  await volume.put("in/small.jpg", await quadrants().jpeg().toBuffer());
  const limits = { cpu: 2, memoryBytes: 192 * 2 ** 20, scratchBytes: 2 ** 30, timeoutSeconds: 120 };
  const unit = aUnit({
    family: "image",
    sources: from({ large: "in/large.png", small: "in/small.jpg" }),
    outputs: [thumb],
    limits,
  });
  const first = await runWorker(unit, volume);
  expect(first.exitCode).toBe(FAILURE_CLASSES.memory.exitCode);
  expect(first.result.failure).toMatchObject({ reason: "MemoryLimitExceeded", source: "large" });
  expect(await outputs()).toEqual(["out/small/thumb.webp"]);
  const memoryBytes = first.result.needs?.memoryBytes ?? 0;
  expect(memoryBytes).toBeGreaterThan(limits.memoryBytes);
  const second = await runWorker({ ...unit, attempt: 2, limits: { ...limits, memoryBytes } }, volume);
  expect(second.exitCode).toBe(0);
  expect(second.result.usage.peakMemoryBytes).toBeLessThanOrEqual(memoryBytes);
});

test("a set that is too large to be made at once is made one file after another, to the same bytes", async () => {
  await volume.put("in/a.jpg", await (await photo(1)).jpeg().toBuffer());
  const set = image("set", { format: "jpeg", widths: [400, 800, 1200], formats: ["avif"], effort: 1 });
  const make = async (directory: string, memoryBytes: number) =>
    await runWorker(
      aUnit({
        family: "image",
        sources: from({ a: "in/a.jpg" }),
        outputs: [set],
        destination: {
          volume: { claimName: "media", path: directory },
          template: "{output}.{ext}",
          onConflict: "Overwrite",
        },
        limits: { cpu: 2, memoryBytes, scratchBytes: 2 ** 30, timeoutSeconds: 120 },
      }),
      volume,
    );
  const roomy = await make("roomy", 2 ** 31);
  const tight = await make("tight", 208 * 2 ** 20);
  expect([roomy.exitCode, tight.exitCode]).toEqual([0, 0]);
  const hashes = ({ result }: WorkerRun) => result.outputs.map(({ sha256 }) => sha256);
  expect(hashes(tight)).toEqual(hashes(roomy));
  expect(tight.result.usage.peakMemoryBytes).toBeLessThan(208 * 2 ** 20);
});

test("the same unit gives the same bytes whatever it is allowed, and whatever was made before", async () => {
  await volume.put("in/a.jpg", await (await photo(2)).jpeg().toBuffer());
  const all = [
    thumb,
    image("avif", { format: "avif", width: 200 }),
    image("jpeg", { format: "jpeg", width: 640 }),
  ];
  const unit = (cpu: number, path: string, outputs: object[]) =>
    aUnit({
      family: "image",
      sources: from({ a: "in/a.jpg" }),
      outputs,
      destination: {
        volume: { claimName: "media", path },
        template: "{output}.{ext}",
        onConflict: "Overwrite",
      },
      limits: { cpu, memoryBytes: 2 ** 31, scratchBytes: 2 ** 30, timeoutSeconds: 120 },
    });
  await runWorker(unit(1, "one", all), volume);
  await runWorker(unit(8, "eight", all), volume);
  for (const file of ["thumb.webp", "avif.avif", "jpeg.jpg"]) {
    const [one, eight] = await Promise.all(
      [`one/${file}`, `eight/${file}`].map((path) => readFile(volume.path(path))),
    );
    expect(one?.equals(eight ?? Buffer.alloc(0)), file).toBe(true);
  }
});

describe.runIf(process.getuid?.() === 0)("a worker that is not the superuser", () => {
  const NOBODY = 65534;

  test("tells a source that it may not read", async () => {
    await volume.put("in/a.jpg", await quadrants().jpeg().toBuffer());
    await chmod(volume.path("in/a.jpg"), 0o600);
    await chmod(volume.root, 0o777);
    const unit = aUnit({ family: "image", sources: from({ a: "in/a.jpg" }), outputs: [thumb] });
    const run = await runWorker(unit, volume, { uid: NOBODY });
    expect(run.exitCode).toBe(FAILURE_CLASSES.input.exitCode);
    expect(run.result.failure).toMatchObject({
      reason: "SourceUnreadable",
      message: expect.stringContaining("65534"),
    });
  });

  test("tells a destination where it may not write, and leaves its result all the same", async () => {
    await volume.put("in/a.jpg", await quadrants().jpeg().toBuffer());
    await chmod(volume.root, 0o755);
    const unit = aUnit({ family: "image", sources: from({ a: "in/a.jpg" }), outputs: [thumb] });
    const run = await runWorker(unit, volume, { uid: NOBODY });
    expect(run.exitCode).toBe(FAILURE_CLASSES.storage.exitCode);
    expect(run.result.failure).toMatchObject({ reason: "DestinationUnwritable" });
    expect(run.result.manifestUri).toBeUndefined();
  });
});

test("on a destination that is full it is told that it is, beside what was made before", async ({ skip }) => {
  await volume.put("in/a.jpg", await (await photo(1)).jpeg().toBuffer());
  await mkdir(volume.path("out"));
  const small = ["-t", "tmpfs", "-o", "size=300k", "none", volume.path("out")];
  if (spawnSync("mount", small).status !== 0) skip("no small file system can be mounted here");
  try {
    const unit = aUnit({
      family: "image",
      sources: from({ a: "in/a.jpg" }),
      outputs: [image("big", { format: "tiff" })],
      finalize: { sweepToAttempt: 99, formats: ["txt"] },
    });
    const run = await runWorker(unit, volume);
    expect(run.exitCode).toBe(FAILURE_CLASSES.disk.exitCode);
    expect(run.manifest).toMatchObject({ failure: { reason: "DiskFull" } });
    expect(await readFile(volume.path("out/job.report.txt"), "utf8")).toContain("DiskFull");
  } finally {
    spawnSync("umount", [volume.path("out")]);
  }
});

/** Private directories of attempts at the destination. */
async function leftAsideDirectories(): Promise<number> {
  const entries = await readdir(volume.path("out/.mediajob/uid-1"), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).length;
}

test("another MediaJob that asks for the same makes nothing, and says so", async () => {
  await volume.put("in/same.jpg", await quadrants().jpeg().toBuffer());
  const sources = from({ same: "in/same.jpg" });
  const asked = (uid: string, output: object) =>
    aUnit({ family: "image", sources, outputs: [output], job: { namespace: "n", name: uid, uid } });
  const first = await runWorker(asked("first", thumb), volume);
  expect(first.result.counts).toEqual({ succeeded: 1, skipped: 0, failed: 0 });
  const second = await runWorker(asked("second", thumb), volume);
  expect(second.exitCode).toBe(0);
  expect(second.result.counts).toEqual({ succeeded: 0, skipped: 1, failed: 0, reused: 1 });
  expect(second.result.outputs).toEqual([{ ...first.result.outputs[0], phase: "Skipped", reused: true }]);
  const other = { ...thumb, image: { ...thumb.image, width: 99 } };
  expect((await runWorker(asked("third", other), volume)).result.counts.succeeded).toBe(1);
});
