import type { OperatorOutcome, Outcome } from "./contenders.ts";
import { type Measurement, median, percentile } from "./report.ts";

/** What is said of the operator's runs, beside its targets. */

export interface Burst {
  readonly operator: OperatorOutcome;
  readonly floor: Outcome;
}

export function burstMeasurements(bursts: readonly Burst[]): Measurement[] {
  const over = (value: (burst: Burst) => number) => {
    const runs = bursts.map(value);
    return { value: median(runs), runs };
  };
  const operator = (value: (outcome: OperatorOutcome) => number) => over((burst) => value(burst.operator));
  const floor = (value: (outcome: Outcome) => number) => over((burst) => value(burst.floor));
  const isLarge = bursts.some((burst) => burst.operator.count > 2000);
  const firstJob = "burst: create → first Job";
  const complete = "burst: create → Complete";
  return [
    { name: "burst: MediaJobs, makespan", unit: "s", ...operator((o) => o.makespanSeconds) },
    { name: "burst: plain Jobs, makespan", unit: "s", ...floor((o) => o.makespanSeconds) },
    { name: "burst: MediaJobs", unit: "/s", ...operator(rate) },
    { name: "burst: plain Jobs", unit: "/s", ...floor(rate) },
    {
      name: "burst: MediaJobs / plain Jobs",
      unit: "×",
      target: { atLeast: 0.75 },
      ...over((burst) => rate(burst.operator) / rate(burst.floor)),
    },
    { name: `${firstJob}, p50`, unit: "ms", ...operator((o) => percentile(o.toFirstJobMs, 0.5)) },
    {
      name: `${firstJob}, p99`,
      unit: "ms",
      ...(!isLarge && { target: { atMost: 3000 } }),
      ...operator((o) => percentile(o.toFirstJobMs, 0.99)),
    },
    { name: `${complete}, p50`, unit: "ms", ...operator((o) => percentile(o.toCompleteMs, 0.5)) },
    { name: `${complete}, p99`, unit: "ms", ...operator((o) => percentile(o.toCompleteMs, 0.99)) },
    { name: `${complete}, p50 of plain Jobs`, unit: "ms", ...floor((o) => percentile(o.toCompleteMs, 0.5)) },
    {
      name: "API requests a MediaJob, without Events and Lease",
      unit: "",
      target: { atMost: 5 },
      ...operator((o) => ownRequests(o) / o.count),
    },
    ...keysOf(bursts.map((burst) => burst.operator.requests)).map((request) => ({
      name: `  ${request}`,
      unit: "",
      ...operator((o) => (o.requests.get(request) ?? 0) / o.count),
    })),
    { name: "passes a MediaJob", unit: "", ...operator((o) => o.passes / o.count) },
    {
      name: "operator CPU a MediaJob",
      unit: "ms",
      target: { atMost: 5 },
      ...operator((o) => cpuMs(o, "operator")),
    },
    ...keysOf(bursts.map((burst) => burst.floor.cpuSeconds)).flatMap((program) => [
      { name: `  ${program}, CPU a MediaJob`, unit: "ms", ...operator((o) => cpuMs(o, program)) },
      { name: `  ${program}, CPU a plain Job`, unit: "ms", ...floor((o) => cpuMs(o, program)) },
    ]),
    { name: "operator RSS, at rest before", unit: "MB", ...operator((o) => o.idleRssBytes / 1e6) },
    {
      name: "operator RSS, peak",
      unit: "MB",
      target: { atMost: isLarge ? 300 : 160 },
      ...operator((o) => o.peakRssBytes / 1e6),
    },
    ...integrity("burst", ...bursts.map((burst) => burst.operator)),
  ];
}

export function pacedMeasurements(outcome: OperatorOutcome, perSecond: number): Measurement[] {
  const name = `${perSecond} a second`;
  const firstJob = `${name}: create → first Job`;
  const { toFirstJobMs, toCompleteMs } = outcome;
  return [
    { name: `${firstJob}, p50`, unit: "ms", target: { atMost: 12 }, value: percentile(toFirstJobMs, 0.5) },
    { name: `${firstJob}, p99`, unit: "ms", target: { atMost: 60 }, value: percentile(toFirstJobMs, 0.99) },
    { name: `${name}: create → Complete, p50`, unit: "ms", value: percentile(toCompleteMs, 0.5) },
    { name: `${name}: operator CPU a MediaJob`, unit: "ms", value: cpuMs(outcome, "operator") },
    ...integrity(name, outcome),
  ];
}

export function largeMeasurements(outcome: OperatorOutcome, images: number): Measurement[] {
  const name = `one MediaJob of ${images} images`;
  return [
    { name: `${name}: API requests`, unit: "", target: { atMost: 999 }, value: ownRequests(outcome) },
    { name: `${name}: passes`, unit: "", value: outcome.passes },
    { name: `${name}: operator CPU`, unit: "s", value: cpuMs(outcome, "operator") / 1000 },
    { name: `${name}: operator RSS, peak`, unit: "MB", value: outcome.peakRssBytes / 1e6 },
    { name: `${name}: create → Complete`, unit: "s", value: outcome.makespanSeconds },
    ...integrity(name, outcome),
  ];
}

function integrity(name: string, ...outcomes: readonly OperatorOutcome[]): Measurement[] {
  const none = { unit: "", target: { atMost: 0 } };
  return [
    { name: `${name}: duplicates`, ...none, value: sum(outcomes.map(({ duplicates }) => duplicates)) },
    { name: `${name}: lost`, ...none, value: sum(outcomes.map(({ lost }) => lost)) },
  ];
}

const rate = ({ count, makespanSeconds }: Outcome): number => count / makespanSeconds;

const cpuMs = ({ cpuSeconds, count }: Outcome, program: string): number =>
  ((cpuSeconds.get(program) ?? Number.NaN) * 1000) / count;

/** The Lease is renewed by time and not by work, and of Events the target does not speak. */
const ownRequests = ({ requests }: OperatorOutcome): number =>
  sum([...requests].filter(([request]) => !/ (events|leases)$/.test(request)).map(([, count]) => count));

const keysOf = (maps: readonly ReadonlyMap<string, unknown>[]): string[] => [
  ...new Set(maps.flatMap((map) => [...map.keys()])),
];

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
