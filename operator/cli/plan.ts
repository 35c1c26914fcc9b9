import { stringify } from "yaml";
import { counted } from "../core/counted.ts";
import { choicesOf } from "../core/plan/choices.ts";
import { ASSUMED_IMAGE_PIXELS } from "../core/plan/estimate.ts";
import { type PlannedUnit, plan as planUnits } from "../core/plan/plan.ts";
import { ASSUMED_SECONDS } from "../core/plan/video-cost.ts";
import { mebi } from "../core/quantity.ts";
import { EXIT } from "./exit-codes.ts";
import { readMediaJobs } from "./manifests.ts";
import { plainTable } from "./plain-table.ts";
import { readConfiguration } from "./pools-file.ts";

export interface PlanOptions {
  pools?: string;
  output: "table" | "json" | "yaml";
}

const UNREAD = `No source was read for this: SECONDS and MEMORY are those of a film of ${ASSUMED_SECONDS} s and of photos of ${ASSUMED_IMAGE_PIXELS / 1e6} megapixels.`;

/**
 * `mediajob plan`: the units of every MediaJob of a file, with their estimates and pools, how the work was cut and
 * why. Runs nothing: where units follow from what sources are, it says from what.
 */
export async function plan(file: string, options: PlanOptions): Promise<number> {
  const jobs = await readMediaJobs(file);
  const { pools } = await readConfiguration(options.pools);
  const plans = jobs.map(({ metadata, spec }) => {
    const planned = planUnits(spec, pools);
    return { name: metadata.name, spec, ...planned, choices: choicesOf(spec) };
  });

  if (options.output === "table") {
    for (const { name, spec, units, choices, awaitsFacts } of plans) {
      const names = (items: readonly { name: string }[], indexes: readonly number[]) =>
        indexes.map((index) => items[index]?.name).join(", ");
      const rows = units.map((unit) => [
        unit.name,
        names(spec.sources, unit.sources),
        names(spec.outputs, unit.outputs),
        ...needs(unit),
      ]);
      const head = ["UNIT", "SOURCES", "OUTPUTS", "CPU", "MEMORY", "SCRATCH", "SECONDS", "POOL"];
      const more = awaitsFacts ? ", and more once the sources are probed" : "";
      process.stdout.write(`${name}: ${counted(units.length, "unit")}${more}\n${plainTable(head, rows)}\n`);
      const why = choices.map(({ output, choice }) => [output, choice]);
      process.stdout.write(`\n${plainTable(["OUTPUT", "IS MADE BY"], why)}\n\n${UNREAD}\n`);
    }
  } else {
    const shown = plans.map(({ spec: _, ...rest }) => rest);
    const value = shown.length === 1 ? shown[0] : shown;
    process.stdout.write(
      options.output === "yaml" ? stringify(value) : `${JSON.stringify(value, null, 2)}\n`,
    );
  }
  const unplaced = plans.some(({ units }) => units.some(({ placement }) => "refused" in placement));
  return unplaced ? EXIT.failed : EXIT.succeeded;
}

function needs({ estimate, placement }: PlannedUnit): string[] {
  const placed = "refused" in placement ? estimate : placement;
  return [
    String(placed.cpu),
    mebi(placed.memoryBytes),
    mebi(placed.scratchBytes),
    estimate.seconds.toFixed(1),
    "refused" in placement ? placement.refused : `${placement.pool}${placement.gpu ? " (GPU)" : ""}`,
  ];
}
