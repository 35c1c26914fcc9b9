import type { ReportFormat } from "../../crds/finalize.ts";
import { withSuffix } from "../../crds/naming.ts";
import type { Report } from "../../crds/report.ts";
import type { Unit } from "../../crds/unit.ts";
import { log } from "../log.ts";
import { type Manifest, manifest } from "../manifest.ts";
import type { VolumeDestination } from "../storage/destination.ts";
import { type Noted, reportOf, resultOf } from "./report.ts";
import { pageOf } from "./report-page.ts";
import { tableOf } from "./report-table.ts";

type Destination = Pick<VolumeDestination, "manifests" | "noted" | "sweepJob" | "writeBeside">;

/**
 * What is done once all work of a MediaJob has ended, well or not: sweeps what attempts left behind, and writes the
 * report. Safe to repeat: a report replaces the one before in one step.
 *
 * @returns uri of the report that holds most; undefined when none is wanted
 * @throws WorkFailure where the destination does not let it
 */
export async function finalizeJob(unit: Unit, destination: Destination): Promise<string | undefined> {
  const { finalize } = unit;
  if (!finalize) return undefined;
  const swept = await destination.sweepJob(finalize.sweepToAttempt);
  log.info({ swept }, "swept");
  if (finalize.formats.length === 0) return undefined;
  const manifests = await readManifests(destination);
  const report = reportOf({
    unit: { ...unit, finalize },
    manifests,
    noted: await readNoted(destination, manifests),
    nowMs: Date.now(),
  });
  let uri: string | undefined;
  for (const format of ["json", "csv", "txt"] as const) {
    if (!finalize.formats.includes(format)) continue;
    const name = withSuffix(`${unit.job.name}.${format}`, ".report"); // cut where a file system takes no more
    const written = await destination.writeBeside(name, TEXTS[format](report));
    uri ??= written;
  }
  return uri;
}

const TEXTS: Record<ReportFormat, (report: Report) => string> = {
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
  csv: tableOf,
  txt: pageOf,
};

/** One that cannot be read costs its unit's details, not the report. */
async function readManifests(destination: Destination): Promise<Manifest[]> {
  const found: Manifest[] = [];
  for await (const text of destination.manifests()) {
    const parsed = manifest.safeParse(parseJson(text));
    if (parsed.success) found.push(parsed.data);
    else log.warn({ err: parsed.error }, "a manifest is not one");
  }
  return found;
}

/** What attempts made that were killed before they could leave a manifest. Of units that have done it all nothing is read. */
async function readNoted(destination: Destination, manifests: readonly Manifest[]): Promise<Noted[]> {
  const whole = new Set(manifests.filter((told) => resultOf(told) === "Succeeded").map(({ unit }) => unit));
  const known = new Set(manifests.flatMap(({ outputs }) => outputs.map(({ uri }) => uri)));
  const found: Noted[] = [];
  for await (const noted of destination.noted({ whole, known })) found.push(noted);
  return found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
