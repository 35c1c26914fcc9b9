/**
 * The operator beside plain Jobs, which are the floor: nothing that makes Jobs can be faster. Each round starts a
 * fresh control plane on loopback, with nodes that KWOK plays and pods that end after 1 s, first for the one and
 * then for the other.
 *
 *   node test/bench/operator.ts [--count 1000] [--rounds 3] [--paced SECONDS] [--images 10000] [--profile DIR]
 *
 * `--paced 0` and `--images 0` leave these parts out. `--profile` leaves the operator's CPU profiles in DIR.
 */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { images, type OperatorOutcome, type Outcome, runMediaJobs, runPlainJobs } from "./contenders.ts";
import type { Requests } from "./operator-process.ts";
import { load, type Measurement, median, percentile, report } from "./report.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    rounds: { type: "string" },
    paced: { type: "string", default: "30" },
    images: { type: "string", default: "10000" },
    profile: { type: "string" },
  },
});
const count = Number(values.count);
const rounds = Number(values.rounds ?? (count > 2000 ? 1 : 3));
const PER_SECOND = 20;
const pacedCount = PER_SECOND * Number(values.paced);
const nodeOptions = values.profile ? ["--cpu-prof", `--cpu-prof-dir=${resolve(values.profile)}`] : [];

const loadBefore = load();
execFileSync(process.execPath, [resolve(import.meta.dirname, "../../build.config.ts"), "operator"], {
  stdio: "inherit",
});

const bursts: { operator: OperatorOutcome; floor: Outcome }[] = [];
for (let round = 1; round <= rounds; round++) {
  const operator = await runMediaJobs(count, "Burst", { nodeOptions });
  say(`round ${round}, MediaJobs`, operator);
  const floor = await runPlainJobs(count, "Burst", operator.plainJob);
  say(`round ${round}, plain Jobs`, floor);
  bursts.push({ operator, floor });
}
const paced =
  pacedCount > 0 ? await runMediaJobs(pacedCount, { perSecond: PER_SECOND }, { nodeOptions }) : null;
if (paced) say(`${PER_SECOND} a second, MediaJobs`, paced);
const imageCount = Number(values.images);
const large =
  imageCount > 0
    ? await runMediaJobs(1, "Burst", { nodeOptions, manifest: (name) => images(name, imageCount) })
    : null;
if (large) say(`one MediaJob of ${imageCount} images`, large);

report(
  count === 1000 ? "operator" : `operator-${count}`,
  [...burstMeasurements(), ...pacedMeasurements(), ...largeMeasurements()],
  {
    loadBefore,
    notes: [
      "Everything - etcd, API server, controllers, scheduler, KWOK, operator and watcher - shares the same cores.",
      ...(nodeOptions.length > 0 ? ["The operator ran under a CPU profiler."] : []),
    ],
  },
);

function burstMeasurements(): Measurement[] {
  const over = (value: (burst: (typeof bursts)[number]) => number) => {
    const runs = bursts.map(value);
    return { value: median(runs), runs };
  };
  const rate = ({ count, makespanSeconds }: Outcome) => count / makespanSeconds;
  const operator = (value: (outcome: OperatorOutcome) => number) => over((burst) => value(burst.operator));
  const many = count > 2000;
  return [
    { name: "burst: MediaJobs, makespan", unit: "s", ...operator(({ makespanSeconds }) => makespanSeconds) },
    { name: "burst: plain Jobs, makespan", unit: "s", ...over(({ floor }) => floor.makespanSeconds) },
    { name: "burst: MediaJobs", unit: "/s", ...operator(rate) },
    { name: "burst: plain Jobs", unit: "/s", ...over(({ floor }) => rate(floor)) },
    {
      name: "burst: MediaJobs / plain Jobs",
      unit: "×",
      target: { atLeast: 0.75 },
      ...over((burst) => rate(burst.operator) / rate(burst.floor)),
    },
    {
      name: "burst: create → first Job, p50",
      unit: "ms",
      ...operator((o) => percentile(o.toFirstJobMs, 0.5)),
    },
    {
      name: "burst: create → first Job, p99",
      unit: "ms",
      ...(!many && { target: { atMost: 3000 } }),
      ...operator((o) => percentile(o.toFirstJobMs, 0.99)),
    },
    {
      name: "burst: create → Complete, p50",
      unit: "ms",
      ...operator((o) => percentile(o.toCompleteMs, 0.5)),
    },
    {
      name: "burst: create → Complete, p99",
      unit: "ms",
      ...operator((o) => percentile(o.toCompleteMs, 0.99)),
    },
    {
      name: "burst: plain Jobs, create → Complete, p50",
      unit: "ms",
      ...over((b) => percentile(b.floor.toCompleteMs, 0.5)),
    },
    {
      name: "API requests a MediaJob, Events and Lease apart",
      unit: "",
      target: { atMost: 5 },
      ...operator((o) => sum(ownRequests(o.requests)) / count),
    },
    ...[...(bursts[0]?.operator.requests.keys() ?? [])].map((key) => ({
      name: `  ${key}`,
      unit: "",
      ...operator((o) => (o.requests.get(key) ?? 0) / count),
    })),
    {
      name: "operator CPU a MediaJob",
      unit: "ms",
      target: { atMost: 5 },
      ...operator((o) => (o.cpuSeconds * 1000) / count),
    },
    { name: "operator RSS, idle", unit: "MB", ...operator((o) => o.idleRssBytes / 1e6) },
    {
      name: "operator RSS, peak",
      unit: "MB",
      target: { atMost: many ? 300 : 160 },
      ...operator((o) => o.peakRssBytes / 1e6),
    },
    ...integrity(
      "burst",
      bursts.map((burst) => burst.operator),
    ),
  ];
}

function pacedMeasurements(): Measurement[] {
  if (!paced) return [];
  const name = `${PER_SECOND} a second`;
  return [
    {
      name: `${name}: create → first Job, p50`,
      unit: "ms",
      target: { atMost: 12 },
      value: percentile(paced.toFirstJobMs, 0.5),
    },
    {
      name: `${name}: create → first Job, p99`,
      unit: "ms",
      target: { atMost: 60 },
      value: percentile(paced.toFirstJobMs, 0.99),
    },
    { name: `${name}: create → Complete, p50`, unit: "ms", value: percentile(paced.toCompleteMs, 0.5) },
    { name: `${name}: operator CPU a MediaJob`, unit: "ms", value: (paced.cpuSeconds * 1000) / paced.count },
    ...integrity(name, [paced]),
  ];
}

function largeMeasurements(): Measurement[] {
  if (!large) return [];
  const name = `one MediaJob of ${imageCount} images`;
  return [
    {
      name: `${name}: API requests in all`,
      unit: "",
      target: { atMost: 999 },
      value: sum(ownRequests(large.requests)),
    },
    { name: `${name}: operator CPU`, unit: "s", value: large.cpuSeconds },
    { name: `${name}: operator RSS, peak`, unit: "MB", value: large.peakRssBytes / 1e6 },
    { name: `${name}: create → Complete`, unit: "s", value: large.makespanSeconds },
    ...integrity(name, [large]),
  ];
}

function integrity(name: string, outcomes: readonly OperatorOutcome[]): Measurement[] {
  const none = { unit: "", target: { atMost: 0 } };
  return [
    { name: `${name}: duplicates`, ...none, value: sum(outcomes.map(({ duplicates }) => duplicates)) },
    { name: `${name}: lost`, ...none, value: sum(outcomes.map(({ lost }) => lost)) },
  ];
}

/** Those that follow from MediaJobs: the Lease is renewed by time, and Events are told apart by the target. */
function ownRequests(requests: Requests): number[] {
  return [...requests].filter(([key]) => !/ (events|leases)$/.test(key)).map(([, total]) => total);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function say(what: string, { count, makespanSeconds, lost }: Outcome): void {
  console.error(
    `${what}: ${count} in ${makespanSeconds.toFixed(1)} s, ${lost} lost, load ${load().join(" ")}`,
  );
}
