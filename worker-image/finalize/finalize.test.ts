import { expect, test } from "vitest";
import { unit } from "../../crds/unit.ts";
import { finalizeJob } from "./finalize.ts";

const finalizing = (name: string) =>
  unit.parse({
    ...{ version: "v1", name: "finalize", attempt: 1, family: "finalize", sources: [], outputs: [] },
    job: { namespace: "media", name, uid: "u" },
    destination: { volume: { claimName: "media", path: "out" } },
    limits: { cpu: 1, memoryBytes: 1, scratchBytes: 1, timeoutSeconds: 1 },
    finalize: {
      ...{ sweepToAttempt: 99, formats: ["json", "csv"] },
      outcome: { phase: "Succeeded", reason: "Succeeded", message: "all units succeeded" },
    },
  });

/** The names of the files that are written. */
async function written(job: string): Promise<string[]> {
  const names: string[] = [];
  await finalizeJob(finalizing(job), {
    sweepJob: async () => [],
    async *manifests() {},
    async *noted() {},
    writeBeside: async (name) => `volume://media/out/${names[names.push(name) - 1]}`,
  });
  return names;
}

test.each([
  { name: "have the MediaJob's name", job: "holiday.2026", stems: ["holiday.2026", "holiday.2026"] },
  {
    name: "have names that a file system takes, however long the MediaJob's is",
    job: "a".repeat(253),
    stems: ["a".repeat(243), "a".repeat(244)],
  },
])("reports $name", async ({ job, stems: [json, csv] }) =>
  expect(await written(job)).toEqual([`${json}.report.json`, `${csv}.report.csv`]),
);
