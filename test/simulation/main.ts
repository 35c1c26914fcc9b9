/**
 * `npm run sim -- [--seed N] [--runs N] [--trace] [--mutations [--only NAME]]`: simulates the operator in as many worlds
 * as asked for, beginning with that seed. One that breaks a promise is made smaller and told as a story; the same seed
 * tells the same again. With --mutations it shows instead that the checkers bite: each deliberate bug must be caught.
 */
import { Command, InvalidArgumentError } from "commander";
import { MUTATIONS } from "./mutations/mutations.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";
import { sweep } from "./sweep.ts";

/** A long sweep says how far it is each time that it has run so many more. */
const TOLD_EVERY = 1000;

/** How many lines of a story are told: the end explains, the beginning rarely does. */
const STORY_LINES = 80;

/** Seeds in which a deliberate bug must be caught. */
const SEEDS_PER_MUTATION = 2000;

const values = new Command("npm run sim --")
  .description("Simulates the operator in as many worlds as asked for, and says which promises it breaks.")
  .option("--seed <number>", "of the first world; 1 unless a deliberate bug begins elsewhere", wholeNumber)
  .option(
    "--runs <number>",
    `how many worlds: 1000; with --trace one; of each deliberate bug ${SEEDS_PER_MUTATION}`,
    wholeNumber,
  )
  .option("--trace", "tell all that happens")
  .option(
    "--mutations",
    `show instead that each deliberate bug is caught within ${SEEDS_PER_MUTATION} worlds`,
  )
  .option("--only <name>", "of the deliberate bugs only this one")
  .allowExcessArguments(false)
  .parse()
  .opts<{ seed?: number; runs?: number; trace?: true; mutations?: true; only?: string }>();
const { seed = 1, runs = values.trace ? 1 : 1000 } = values;

const kept = values.mutations ? await catchMutations() : values.trace ? await tell(seed) : await run();
process.exitCode = kept ? 0 : 1;

async function run(): Promise<boolean> {
  const startedAt = performance.now();
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort()).once("SIGTERM", () => stop.abort());
  const soFar = (ran: number) => {
    const seconds = (performance.now() - startedAt) / 1000;
    return `${ran} seeds from ${seed} in ${seconds.toFixed(1)} s, ${Math.round((ran / seconds) * 60)} a minute`;
  };
  const { ran, broken } = await sweep({
    from: seed,
    runs,
    signal: stop.signal,
    onBatch: (ran, found) => {
      for (const { seed, broken } of found)
        console.log(`BROKEN by seed ${seed}: ${broken.promise}: ${broken.what}`);
      if (ran % TOLD_EVERY === 0 && ran < runs) console.log(soFar(ran));
    },
  });
  console.log(soFar(ran));
  const byPromise = Map.groupBy(broken, ({ broken }) => broken.promise);
  for (const [promise, cases] of byPromise) {
    const seeds = cases.slice(0, 10).map(({ seed }) => seed);
    console.log(`BROKEN in ${cases.length} of them: ${promise}: seeds ${seeds.join(", ")}`);
  }
  for (const [promise, [first]] of byPromise) {
    if (first?.broken.atMs) await explain(first.seed, promise);
    else console.log(first?.broken.what); // it hangs: it would here, too
  }
  if (!broken.length) console.log("every promise was kept");
  return broken.length === 0;
}

/** Tells one seed as it is. */
async function tell(seed: number): Promise<boolean> {
  const { broken, endedAtMs } = await simulate(drawScenario(seed), say);
  console.log(
    broken ? `BROKEN: ${broken.promise}: ${broken.what}` : `every promise was kept, ${endedAtMs / 1000} s`,
  );
  return broken === null;
}

async function explain(seed: number, promise: string): Promise<void> {
  const smallest = await shrink(drawScenario(seed), promise);
  const story: string[] = [];
  const { broken } = await simulate(smallest, (atMs, line) =>
    story.push(`${(atMs / 1000).toFixed(3)} ${line}`),
  );
  console.log(`\nseed ${seed}, made smaller: ${describe(smallest)}`);
  for (const line of story.slice(-STORY_LINES)) console.log(`  ${line}`);
  console.log(`BROKEN: ${broken?.promise}: ${broken?.what}`);
  console.log(`to see all of it: npm run sim -- --seed ${seed} --trace`);
}

function describe({ faults, deeds, mediaJobs, skewsMs, configuration }: Scenario): string {
  return JSON.stringify({
    faults,
    deeds,
    mediaJobs: mediaJobs.map(({ name }) => name),
    skewsMs,
    configuration,
  });
}

function say(atMs: number, line: string): void {
  console.log(`${(atMs / 1000).toFixed(3)} ${line}`);
}

async function catchMutations(): Promise<boolean> {
  const mutations = MUTATIONS.filter(({ name }) => name === (values.only ?? name));
  if (!mutations.length) throw new Error(`--only ${values.only}: there is no such mutation`);
  let caught = 0;
  for (const { name, what, from = 1 } of mutations) {
    const { ran, broken } = await sweep({
      from: values.seed ?? from,
      runs: values.runs ?? SEEDS_PER_MUTATION,
      mutation: name,
      untilBroken: true,
    });
    const [first] = broken;
    // What breaks a promise without the bug, too, says nothing of the bug, and much of the operator.
    const [real] = first ? (await sweep({ from: first.seed, runs: 1 })).broken : [];
    if (first && !real) caught++;
    if (!first) console.log(`${name}: MISSED in ${ran} seeds: ${what}`);
    else if (real)
      console.log(`${name}: seed ${first.seed} breaks a promise without it: ${real.broken.promise}`);
    else
      console.log(`${name}: caught by seed ${first.seed} after ${ran}: ${what} -> ${first.broken.promise}`);
  }
  console.log(`${caught} of ${mutations.length} deliberate bugs were caught`);
  return caught === mutations.length;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError("expected a whole number from 1 on.");
  return number;
}
