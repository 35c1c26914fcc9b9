/** Finds a smaller scenario that still breaks the same promise: fewer faults, deeds, MediaJobs, units, operators. */
import type { FaultName } from "./faults.ts";
import type { FateName, Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/** Bounds the effort; a scenario that is small enough is found long before, as a rule. */
const MAX_RUNS = 200;

export async function shrink(scenario: Scenario, promise: string): Promise<Scenario> {
  let smallest = scenario;
  let runs = 0;
  for (let again = true; again; ) {
    again = false;
    for (const smaller of smallerThan(smallest)) {
      if (runs++ >= MAX_RUNS) return smallest;
      const { broken } = await simulate(smaller);
      if (broken?.promise !== promise) continue;
      smallest = smaller;
      again = true;
      break;
    }
  }
  return smallest;
}

/** Each with one thing less, what makes the most difference first. */
function* smallerThan(scenario: Scenario): Generator<Scenario> {
  const { faults, deeds, mediaJobs, fates, skewsMs } = scenario;
  const names = Object.keys(faults) as FaultName[];
  if (names.length > 3)
    for (const half of [names.slice(0, names.length / 2), names.slice(names.length / 2)])
      yield { ...scenario, faults: without(faults, half) };
  if (skewsMs.length > 1) yield { ...scenario, skewsMs: skewsMs.slice(0, 1) };
  if (deeds.length > 1) yield { ...scenario, deeds: [] };
  for (const job of mediaJobs.length > 1 ? mediaJobs : [])
    yield {
      ...scenario,
      mediaJobs: mediaJobs.filter((other) => other !== job),
      deeds: deeds.filter((deed) => deed.job !== job.name),
    };
  for (const name of names) yield { ...scenario, faults: without(faults, [name]) };
  for (const deed of deeds) yield { ...scenario, deeds: deeds.filter((other) => other !== deed) };
  if (skewsMs.some((skew) => skew !== 0)) yield { ...scenario, skewsMs: skewsMs.map(() => 0) };
  for (const name of Object.keys(fates) as FateName[])
    if (name !== "succeeds" && fates[name] > 0) yield { ...scenario, fates: { ...fates, [name]: 0 } };
  for (const job of mediaJobs) {
    const sources = job.spec.sources as unknown[];
    if (sources.length === 1) continue;
    const spec = { ...job.spec, sources: sources.slice(0, -1) };
    yield { ...scenario, mediaJobs: mediaJobs.map((other) => (other === job ? { ...job, spec } : other)) };
  }
}

const without = (faults: Scenario["faults"], names: readonly FaultName[]): Scenario["faults"] =>
  Object.fromEntries(Object.entries(faults).filter(([name]) => !names.includes(name as FaultName)));
