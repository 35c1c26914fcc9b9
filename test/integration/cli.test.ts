import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { MediaJob } from "../../crds/media-job.ts";
import type { Report } from "../../crds/report.ts";
import { PROGRAMS } from "../programs.ts";
import { schemaErrors } from "../report-schema.ts";
import { ffmpeg } from "./worker/clips.ts";

const MEDIA = resolve(import.meta.dirname, "../../examples/media");

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mediajob-cli-"));
  mkdirSync(join(directory, "media/in"), { recursive: true });
  for (const file of ["meadow.jpg", "walk.mp4"])
    copyFileSync(join(MEDIA, file), join(directory, "media/in", file));
});
afterEach(() => rmSync(directory, { recursive: true }));

const volume = (path: string) => ({ volume: { claimName: "media", path } });

/** A manifest file of one MediaJob per set of sources, each making thumbnails. */
function manifest(
  ...jobs: {
    name: string;
    sources: Record<string, string>;
    outputs?: object[];
    report?: object;
    retry?: object;
    suspend?: boolean;
    unitTimeoutSeconds?: number;
    placement?: object;
  }[]
): string {
  const documents = jobs.map(
    ({ name, sources, outputs = [{ name: "thumb", image: { format: "webp", width: 64 } }], ...spec }) =>
      JSON.stringify({
        apiVersion: "mediajob.dev/v1alpha1",
        kind: "MediaJob",
        metadata: { name },
        spec: {
          sources: Object.entries(sources).map(([name, path]) => ({ name, ...volume(path) })),
          outputs,
          destination: volume(`out/${name}`),
          ...spec,
        },
      }),
  );
  const file = join(directory, "jobs.yaml");
  writeFileSync(file, documents.join("\n---\n"));
  return file;
}

const mediajob = (...args: string[]) =>
  spawnSync(process.execPath, [PROGRAMS.mediajob, ...args], { encoding: "utf8", cwd: directory });

const good = { photo: "in/meadow.jpg" };
const bad = { gone: "in/gone.jpg" };

test.each([
  { name: "0 when all succeeded", sources: good, code: 0, phase: "Succeeded" },
  { name: "1 when nothing did", sources: bad, code: 1, phase: "Failed" },
  { name: "3 when some did", sources: { ...good, ...bad }, code: 3, phase: "PartiallySucceeded" },
])("run ends with $name, and prints the MediaJob with its status", ({ sources, code, phase }) => {
  const { status, stdout } = mediajob("run", manifest({ name: "one", sources }), "--output", "json");
  const job = JSON.parse(stdout) as MediaJob;
  expect([status, job.status?.phase]).toEqual([code, phase]);
  expect(job.status?.history?.map(({ from, to }) => [from, to])).toEqual([
    [undefined, "Running"],
    ["Running", phase],
  ]);
  expect(existsSync(join(directory, "media/out/one/photo/thumb.webp"))).toBe("photo" in sources);
});

test("a report tells everything by its schema, and its hashes are those of the files", () => {
  const file = manifest({
    name: "told",
    sources: { ...good, ...bad, walk: "in/walk.mp4" },
    outputs: [
      { name: "thumb", sources: ["photo", "gone"], image: { format: "webp", width: 64 } },
      { name: "sound", sources: ["walk"], audio: { codec: "mp3" } },
      { name: "web", sources: ["photo"], video: { height: 90 } },
    ],
    report: { formats: ["json", "csv", "txt"] },
  });
  const { status, stdout } = mediajob("run", file, "--output", "json");
  expect(status).toBe(3);
  const job = JSON.parse(stdout) as MediaJob;
  const text = (format: string) =>
    readFileSync(join(directory, `media/out/told/told.report.${format}`), "utf8");
  expect(job.status?.reportUri).toBe("volume://media/out/told/told.report.json");
  const told = JSON.parse(text("json")) as Report;

  expect(schemaErrors(told)).toBeNull();
  expect(told).toMatchObject({
    outcome: { phase: "PartiallySucceeded" },
    counts: { units: { total: 4, succeeded: 3, failed: 1 }, outputs: { succeeded: 2, failed: 2 } },
    spec: { sources: [{ name: "photo" }, { name: "gone" }, { name: "walk" }] },
    history: [{ to: "Running" }],
  });
  for (const { uri, sha256, bytes } of told.outputs) {
    const content = readFileSync(join(directory, uri.replace("volume://media/", "media/")));
    expect([createHash("sha256").update(content).digest("hex"), content.length]).toEqual([sha256, bytes]);
  }
  const [sound] = told.units.filter(({ name }) => name === "audio-0");
  expect(sound).toMatchObject({ result: "Succeeded", sources: ["walk"], outputs: ["sound"], pool: "local" });
  expect(sound?.attempts[0]?.engine).toHaveProperty("ffmpeg");
  expect(JSON.stringify(sound?.attempts[0]?.records)).toContain("libmp3lame");
  const [refused] = told.units.filter(({ name }) => name === "video-0");
  expect(refused?.attempts[0]?.diagnostics[0]?.log.join()).toContain("Format not on whitelist");

  const rows = text("csv").trim().split("\r\n");
  expect(rows.map((row) => row.split(",").slice(1, 6).join(" "))).toEqual([
    "source output unit attempt status",
    "walk sound audio-0 1 Succeeded",
    "photo thumb image-0 1 Succeeded",
    "gone thumb image-0 1 Failed",
    "photo web video-0 1 Failed",
  ]);
  expect(text("txt")).toMatch(/^default\/told: PartiallySucceeded\n=+\n/);
  expect(text("txt")).toContain("gone  SourceNotFound");
});

test("a long video is made in parts at once and joined; nothing of them is left", () => {
  const clip = join(directory, "media/in/long.mp4");
  const picture = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=2:d=135"];
  // Silence after the tone, which is encoded ten times as fast.
  const tone = "sine=440:r=8000:d=2,apad=whole_dur=135";
  ffmpeg(...picture, "-f", "lavfi", "-i", tone, "-c:a", "aac", "-b:a", "16k", "-preset", "ultrafast", clip);
  const file = manifest({
    name: "film",
    sources: { long: "in/long.mp4" },
    outputs: [
      { name: "web", video: { height: 36, preset: "ultrafast", keyframeIntervalSeconds: 2 } },
      { name: "whole", video: { height: 36, preset: "ultrafast", maxBitrateKbps: 500 } },
    ],
    report: { formats: ["json"] },
  });
  const { stdout } = mediajob("run", file, "--output", "json");
  const { metadata, status } = JSON.parse(stdout) as MediaJob;
  expect(status).toMatchObject({
    phase: "Succeeded",
    units: { total: 6, ledger: "6s" },
    sources: { succeeded: 1 },
  });
  for (const output of ["web", "whole"]) {
    const made = status?.outputs?.find((made) => made.output === output);
    expect(made?.durationSeconds).toBeCloseTo(135, 0);
    const entries = ["-select_streams", "v:0", "-show_entries", "stream=nb_frames", "-of", "csv=p=0"];
    const path = join(directory, `media/out/film/long/${output}.mp4`);
    expect(Number(execFileSync("ffprobe", ["-v", "error", ...entries, path]))).toBe(270);
  }
  const told = JSON.parse(readFileSync(join(directory, "media/out/film/film.report.json"), "utf8")) as Report;
  expect(told.units.map(({ name, result }) => `${name} ${result}`)).toEqual([
    "join-0 Succeeded",
    "part-0 Succeeded",
    "part-1 Succeeded",
    "probe-0 Succeeded",
    "video-0 Succeeded",
  ]);
  expect(directoriesOf("film", metadata)).toEqual([]);
});

test("the only unit of a MediaJob leaves a long video to parts", () => {
  const picture = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=2:d=125", "-preset", "ultrafast"];
  ffmpeg(...picture, join(directory, "media/in/long.mp4"));
  const outputs = [{ name: "web", video: { height: 36, preset: "ultrafast" } }];
  const file = manifest({ name: "only", sources: { long: "in/long.mp4" }, outputs });
  const { status } = JSON.parse(mediajob("run", file, "--output", "json").stdout) as MediaJob;
  expect(status).toMatchObject({ phase: "Succeeded", units: { total: 5, ledger: "5s" } });
  expect(status?.outputs).toMatchObject([{ source: "long", output: "web", durationSeconds: 125 }]);
});

test("a MediaJob of one unit writes its report within it, and leaves no private directory", () => {
  const file = manifest({ name: "single", sources: good, report: { formats: ["txt"] } });
  const { stdout } = mediajob("run", file, "--output", "json");
  const { metadata, status } = JSON.parse(stdout) as MediaJob;
  expect(status).toMatchObject({
    phase: "Succeeded",
    units: { total: 1 },
    reportUri: "volume://media/out/single/single.report.txt",
  });
  expect(directoriesOf("single", metadata)).toEqual([]);
  expect(readFileSync(join(directory, "media/out/single/single.report.txt"), "utf8")).toContain(
    "photo/thumb",
  );
});

test("a MediaJob of one unit has one, too, where it makes more files than its termination message holds", () => {
  const widths = Array.from({ length: 16 }, (_, index) => index + 20);
  const outputs = [{ name: "set", image: { format: "webp", formats: ["jpeg"], widths } }];
  const file = manifest({ name: "many", sources: good, outputs, report: { formats: ["txt"] } });
  const { status } = JSON.parse(mediajob("run", file, "--output", "json").stdout) as MediaJob;
  expect(status).toMatchObject({
    phase: "Succeeded",
    units: { total: 1 },
    reportUri: "volume://media/out/many/many.report.txt",
  });
  expect(status?.outputs).toHaveLength(2 * widths.length + 1);
});

test("a unit that runs out of its time says so, in the status and in the report, beside a source that is missing", () => {
  const file = manifest({
    name: "late",
    sources: { ...good, ...bad },
    outputs: [{ name: "slow", image: { format: "avif", effort: 9, lossless: true } }],
    retry: { maxAttempts: 1 },
    unitTimeoutSeconds: 1,
    report: { formats: ["csv"] },
  });
  const { status } = JSON.parse(mediajob("run", file, "--output", "json").stdout) as MediaJob;
  expect(status?.failures?.map(({ reason, source }) => [reason, source])).toEqual([
    ["DeadlineExceeded", undefined],
    ["SourceNotFound", "gone"],
  ]);
  const rows = readFileSync(join(directory, "media/out/late/late.report.csv"), "utf8").trim().split("\r\n");
  expect(
    rows
      .slice(1)
      .map((row) => row.split(","))
      .map((cells) => [cells[1], cells[14]]),
  ).toEqual([
    ["gone", "SourceNotFound"],
    ["photo", "DeadlineExceeded"],
  ]);
});

test.each([
  { name: "the report is written", report: { formats: ["json"] } },
  { name: "where no report is wanted nothing is", report: undefined },
])("after a worker that was killed a unit of its own sweeps, and $name", async ({ report }) => {
  const file = manifest({
    name: "killed",
    sources: { walk: "in/walk.mp4" },
    outputs: [{ name: "web", video: { height: 720, preset: "veryslow" } }],
    retry: { maxAttempts: 1 },
    ...(report && { report }),
  });
  const { child, encoding } = encode(file, "--output", "json");
  await encoding;
  const [worker] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
  process.kill(Number(worker), "SIGKILL");
  const stdout = (await child.stdout.toArray()).join("");
  expect(programsOf(directory)).toEqual([]);
  const { metadata, status } = JSON.parse(stdout) as MediaJob;
  expect(status).toMatchObject({ phase: "Failed", units: { total: 2, ledger: "1f1s" } });
  expect(directoriesOf("killed", metadata)).toEqual([]);
  const reportUri = report && "volume://media/out/killed/killed.report.json";
  expect(status?.reportUri).toBe(reportUri);
  if (!report) return;
  const told = JSON.parse(
    readFileSync(join(directory, "media/out/killed/killed.report.json"), "utf8"),
  ) as Report;
  expect(schemaErrors(told)).toBeNull();
  expect(told).toMatchObject({
    outcome: { phase: "Failed", reason: "UnitsFailed" },
    units: [{ name: "video-0", result: "Failed", attempts: [{ attempt: 1, exitCode: 137 }] }],
    failures: [{ unit: "video-0", source: "walk", reason: "MemoryLimitExceeded" }],
  });
});

test("what attempts left behind is swept by the last unit, and manifests stay", () => {
  const file = manifest({
    name: "swept",
    sources: good,
    outputs: [
      { name: "a", image: { format: "webp", width: 64 } },
      { name: "b", metadata: {} },
    ],
  });
  const { stdout } = mediajob("run", file, "--output", "json");
  const { metadata, status } = JSON.parse(stdout) as MediaJob;
  expect(status).toMatchObject({ phase: "Succeeded", units: { total: 3, done: "3/3" } });
  expect(directoriesOf("swept", metadata)).toEqual([]);
  expect(readdirSync(privateOf("swept", metadata))).toContain("image-0-a1.json");
});

test("several documents run in order, and the worst result counts", () => {
  const file = manifest({ name: "first", sources: good }, { name: "second", sources: bad });
  const { status, stdout } = mediajob("run", file, "--output", "json");
  const { items } = JSON.parse(stdout) as { items: MediaJob[] };
  expect(items.map(({ metadata, status }) => [metadata.name, status?.phase])).toEqual([
    ["first", "Succeeded"],
    ["second", "Failed"],
  ]);
  expect(status).toBe(1);
});

test("what is wrong with a later document is told before the first begins", () => {
  const file = manifest({ name: "first", sources: good }, { name: "second", sources: good });
  const elsewhere = readFileSync(file, "utf8").split("\n---\n")[1]?.replaceAll('"media"', '"elsewhere"');
  writeFileSync(file, `${readFileSync(file, "utf8")}\n---\n${elsewhere}`);
  const { status, stderr } = mediajob("run", "jobs.yaml");
  expect(stderr).toContain("second: there is no directory for the claim elsewhere");
  expect(status).toBe(2);
  expect(existsSync(join(directory, "media/out"))).toBe(false);
});

test("a MediaJob that is suspended ends the run with the way out", () => {
  const file = manifest({ name: "one", sources: good, suspend: true });
  const { status, stdout } = mediajob("run", file);
  expect(stdout).toBe("one: Suspended: spec.suspend is set; set it to false and run it again\n");
  expect(status).toBe(1);
});

test("a pool of the cluster is this machine here", () => {
  const file = manifest({ name: "one", sources: good, placement: { pool: "fast-cpu" } });
  const { status, stderr } = mediajob("run", file);
  expect(stderr).toContain("this machine is the only pool here; spec.placement.pool fast-cpu is left out");
  expect(status).toBe(0);
});

test("what the environment sets for other programs does not reach the workers", () => {
  const file = manifest({ name: "one", sources: good });
  const env = { ...process.env, LOG_LEVEL: "warning", FFREPORT: "1" };
  const { status } = spawnSync(process.execPath, [PROGRAMS.mediajob, "run", file], { cwd: directory, env });
  expect(status).toBe(0);
  expect(readdirSync(directory)).toEqual(["jobs.yaml", "media"]);
});

test.each([
  { name: "an unknown option", args: ["run", "--frobnicate"], says: "unknown option" },
  { name: "a file that is not there", args: ["run", "nowhere.yaml"], says: "there is no such file" },
  {
    name: "a volume without a directory",
    args: ["run", "jobs.yaml", "--volume", "media"],
    says: "CLAIM=DIR",
  },
  {
    name: "a volume that no MediaJob uses",
    args: ["run", "jobs.yaml", "--volume", "medai=media"],
    says: "no MediaJob of jobs.yaml uses the claim medai; it uses media",
  },
  {
    name: "a Secret that no MediaJob uses",
    args: ["run", "jobs.yaml", "--secret", "keys=."],
    says: "no MediaJob of jobs.yaml uses the Secret keys; it uses none",
  },
  {
    name: "a time that no timer waits for",
    args: ["run", "jobs.yaml", "--timeout", "3000000"],
    says: "expected at most 2000000, which are 23 days",
  },
  {
    name: "a volume that is a file",
    args: ["run", "jobs.yaml", "--volume", "media=media/in/meadow.jpg"],
    says: "which is to stand for the claim media, is no directory",
  },
  { name: "an alias of nothing", args: ["plan", "alias.yaml"], says: "alias.yaml:1: Unresolved alias" },
  {
    name: "a file of pools that is not YAML",
    args: ["plan", "jobs.yaml", "--pools", "broken.yaml"],
    says: "--pools broken.yaml:2:1: ",
  },
])("$name is a usage error", ({ args, says }) => {
  manifest({ name: "one", sources: good });
  writeFileSync(join(directory, "alias.yaml"), "metadata: *gone\n");
  writeFileSync(join(directory, "broken.yaml"), "pools: [\n");
  const { status, stderr } = mediajob(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(says);
});

test("of a file with other objects too, a line tells on stderr what is left aside", () => {
  const file = manifest({ name: "one", sources: good });
  const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "media" } };
  writeFileSync(file, `${JSON.stringify(claim)}\n---\n${readFileSync(file, "utf8")}`);
  expect(mediajob("validate", "jobs.yaml")).toMatchObject({
    status: 0,
    stdout: "jobs.yaml:3 one: valid\n",
    stderr: "jobs.yaml:1: skips the PersistentVolumeClaim media: mediajob reads MediaJobs only\n",
  });
});

test("an invalid manifest is refused with every field path, and nothing runs", () => {
  const outputs = [{ name: "thumb", image: { format: "webp", widht: 3, height: 0 } }];
  const { status, stderr } = mediajob("run", manifest({ name: "one", sources: good, outputs }));
  expect(status).toBe(2);
  expect(stderr).toContain("spec.outputs[0].image.widht: unknown field; did you mean width?");
  expect(stderr).toContain("spec.outputs[0].image.height");
  expect(existsSync(join(directory, "media/out"))).toBe(false);
});

test.each([
  { name: "that is interrupted", signals: ["SIGINT"] },
  { name: "whose terminal is closed", signals: ["SIGHUP"] },
  { name: "that is told twice by one key", signals: ["SIGINT", "SIGINT"] },
] as const)(
  "a run $name stops its workers, ends with 130 and leaves nothing partial",
  async ({ signals }) => {
    const outputs = [{ name: "web", video: { height: 720, preset: "veryslow" } }];
    const file = manifest({ name: "long", sources: { walk: "in/walk.mp4" }, outputs });
    const { child, encoding } = encode(file);
    child.stdout.resume();
    await encoding;
    for (const signal of signals) child.kill(signal);
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(130);
    expect(programsOf(directory)).toEqual([]);
    const out = join(directory, "media/out/long");
    const files = readdirSync(out, { recursive: true }).map(String);
    expect(files.filter((file) => /\.(mp4|part|tmp)$/.test(file))).toEqual([]);
  },
);

test("plan says how the work is cut and why, also where that follows from what the sources are", () => {
  const outputs = [
    { name: "web", video: { height: 360 } },
    { name: "small", video: { height: 90, targetBytes: 100_000 } },
    { name: "thumb", sources: ["photo"], image: { format: "webp", width: 64 } },
  ];
  const file = manifest({ name: "films", sources: { ...good, walk: "in/walk.mp4" }, outputs });
  const { stdout } = mediajob("plan", file);
  expect(stdout).toMatch(/^films: 2 units, and more once the sources are probed\n/);
  expect(stdout).toMatch(/^image-0 +photo +thumb /m);
  expect(stdout).toMatch(/^probe-0 +photo, walk +1 /m);
  expect(stdout).toMatch(
    /^web +.* in parts of 60 s, at once, when it is longer than 120 s; else in one piece; a decode of its own: no other /m,
  );
  expect(stdout).toMatch(
    /^small +.* in one piece: two passes share the bits out over the whole film; a decode of its own: it is read twice$/m,
  );
  expect(stdout).toMatch(
    /^No source was read for this: .* a film of 500 s and of photos of 24 megapixels\.$/m,
  );
});

test("plan shows units, estimates and pools, and runs nothing", () => {
  const { status, stdout } = mediajob("plan", manifest({ name: "one", sources: good }), "--output", "json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    name: "one",
    units: [{ name: "image-0", placement: { pool: "default" } }],
  });
  expect(existsSync(join(directory, "media/out"))).toBe(false);
});

test("who reads no more of what it prints is no failure", () => {
  const file = manifest({ name: "one", sources: good });
  const command = `"$0" "$@" | true; exit \${PIPESTATUS[0]}`;
  const { status, stderr } = spawnSync(
    "bash",
    ["-c", command, process.execPath, PROGRAMS.mediajob, "plan", file],
    { encoding: "utf8" },
  );
  expect([status, stderr]).toEqual([0, ""]);
});

/** Begins to run a manifest whose encoder takes long; `encoding` settles when that is at work. */
function encode(file: string, ...args: string[]) {
  const child = spawn(process.execPath, [PROGRAMS.mediajob, "run", file, ...args], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.setEncoding("utf8");
  child.stderr.resume();
  // Into the private directory of a destination.
  const isAtWork = () =>
    readdirSync(directory, { recursive: true }).some((path) => /\.mediajob\/.*\.mp4$/.test(`${path}`));
  const encoding = vi.waitFor(() => expect(isAtWork()).toBe(true), { timeout: 60_000 });
  return { child, encoding };
}

/** Command lines of the programs that work on files of a directory. */
const programsOf = (directory: string): string[] =>
  execFileSync("ps", ["-ewwo", "args"], { encoding: "utf8" })
    .split("\n")
    .filter((command) => command.includes(directory));

/** What a MediaJob keeps to itself at its destination. */
const privateOf = (job: string, { uid = "" }: MediaJob["metadata"]): string =>
  join(directory, "media/out", job, ".mediajob", uid);

/** Those in it: of attempts, of parts. */
const directoriesOf = (job: string, metadata: MediaJob["metadata"]): string[] =>
  readdirSync(privateOf(job, metadata), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
