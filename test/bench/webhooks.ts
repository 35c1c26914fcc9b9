/**
 * Everybody who waits, by the numbers: workers that report, events that are delivered while another endpoint is dead,
 * transitions until they are told, an endpoint that is down for an hour. The first three on a real API server on
 * loopback with the bundled operator, the last by a clock that is set.
 *
 *   node test/bench/webhooks.ts [--only workers,deliveries,transitions,outage] [--profile DIR]
 *
 * `--profile` leaves the operator's CPU profiles in DIR.
 */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { load, type Measurement, report } from "./report.ts";
import { startControlPlane } from "./webhooks/control-plane.ts";
import { measureDeliveries } from "./webhooks/deliveries.ts";
import { measureHourOfOutage } from "./webhooks/hour-of-outage.ts";
import { measureWorkers } from "./webhooks/reporting-workers.ts";
import { measureTransitions } from "./webhooks/transitions.ts";

const PARTS = { workers: measureWorkers, transitions: measureTransitions, deliveries: measureDeliveries };

const { values } = parseArgs({
  options: {
    only: { type: "string", default: [...Object.keys(PARTS), "outage"].join() },
    profile: { type: "string" },
  },
});
const wanted = values.only.split(",");
const nodeOptions = values.profile ? ["--cpu-prof", `--cpu-prof-dir=${resolve(values.profile)}`] : [];

const loadBefore = load();
execFileSync(process.execPath, [resolve(import.meta.dirname, "../../build.config.ts"), "operator"], {
  stdio: "inherit",
});
const measurements: Measurement[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (!wanted.includes(name)) continue;
  const plane = await startControlPlane();
  try {
    measurements.push(...(await measure(plane, nodeOptions)));
  } finally {
    await plane.stop();
  }
}
if (wanted.includes("outage")) measurements.push(...(await measureHourOfOutage()));
report("webhooks", measurements, {
  loadBefore,
  notes: ["etcd, API server, operator, workers and receivers share the same cores."],
});
