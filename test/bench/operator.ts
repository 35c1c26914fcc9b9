/**
 * The operator beside plain Jobs, which are the floor: nothing that makes Jobs can be faster. Each run has a fresh
 * control plane on loopback, with nodes that KWOK plays and pods that end after 1 s; first the one, then the other.
 *
 *   node test/bench/operator.ts [--count 1000] [--rounds 3] [--paced SECONDS] [--per-second 20] [--images 10000]
 *     [--profile DIR]
 *
 * Paced at `--per-second`, which a machine that makes fewer plain Jobs a second cannot keep up with. `--paced 0` and
 * `--images 0` leave these parts out. `--profile` leaves the operator's CPU profiles in DIR.
 */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { images, type Outcome, runMediaJobs, runPlainJobs } from "./contenders.ts";
import {
  type Burst,
  burstMeasurements,
  largeMeasurements,
  pacedMeasurements,
} from "./operator-measurements.ts";
import { load, type Measurement, report } from "./report.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    rounds: { type: "string" },
    paced: { type: "string", default: "30" },
    "per-second": { type: "string", default: "20" },
    images: { type: "string", default: "10000" },
    profile: { type: "string" },
  },
});
const count = Number(values.count);
const rounds = Number(values.rounds ?? (count > 2000 ? 1 : 3));
const imageCount = Number(values.images);
const perSecond = Number(values["per-second"]);
const pacedCount = perSecond * Number(values.paced);
const nodeOptions = values.profile ? ["--cpu-prof", `--cpu-prof-dir=${resolve(values.profile)}`] : [];

const loadBefore = load();
execFileSync(process.execPath, [resolve(import.meta.dirname, "../../build.config.ts"), "operator"], {
  stdio: "inherit",
});
const measurements: Measurement[] = [];

const bursts: Burst[] = [];
for (let round = 1; round <= rounds; round++) {
  const operator = said(`round ${round}, MediaJobs`, await runMediaJobs(count, "Burst", { nodeOptions }));
  const floor = said(`round ${round}, plain Jobs`, await runPlainJobs(count, "Burst", operator.plainJob));
  bursts.push({ operator, floor });
}
if (bursts.length > 0) measurements.push(...burstMeasurements(bursts));
if (pacedCount > 0) {
  const outcome = await runMediaJobs(pacedCount, { perSecond }, { nodeOptions });
  measurements.push(...pacedMeasurements(said(`${perSecond} a second`, outcome), perSecond));
}
if (imageCount > 0) {
  const manifest = (name: string) => images(name, imageCount);
  const outcome = await runMediaJobs(1, "Burst", { nodeOptions, manifest });
  measurements.push(...largeMeasurements(said(`one of ${imageCount} images`, outcome), imageCount));
}

report(count === 1000 ? "operator" : `operator-${count}`, measurements, {
  loadBefore,
  notes: [
    "Everything - etcd, API server, controllers, scheduler, KWOK, operator and watcher - shares the same cores.",
    ...(nodeOptions.length > 0 ? ["The operator ran under a CPU profiler."] : []),
  ],
});

function said<O extends Outcome>(what: string, outcome: O): O {
  const { count, makespanSeconds, lost } = outcome;
  console.error(
    `${what}: ${count} in ${makespanSeconds.toFixed(1)} s, ${lost} lost, load ${load().join(" ")}`,
  );
  return outcome;
}
