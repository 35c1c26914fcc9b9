/** A thread of a sweep. A deliberate bug is put in before the first module of the operator is loaded. */
import { parentPort, workerData } from "node:worker_threads";
import { mutate } from "./mutations/mutate.ts";
import type { Broken } from "./sweep.ts";

const { mutation } = workerData as { mutation?: string };
if (mutation) mutate(mutation);
const { simulate } = await import("./simulate.ts");
const { drawScenario } = await import("./scenario.ts");

parentPort?.on("message", async ({ from, to, untilBroken }) => {
  const found: Broken[] = [];
  for (let seed = from; seed < to && !(untilBroken && found.length); seed++) {
    const { broken } = await simulate(drawScenario(seed));
    if (broken) found.push({ seed, broken });
  }
  parentPort?.postMessage(found);
});
