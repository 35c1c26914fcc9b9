import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FACT_COLUMNS } from "../crds/result.ts";
import { unit } from "../crds/unit.ts";
import { runUnit } from "./run-unit.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "mediajob-unit-"));
});
afterEach(() => rm(root, { recursive: true }));

test("what was found of sources is told also where no manifest can be left", async () => {
  await mkdir(join(root, "out/.mediajob/uid/probe-0-a1.json"), { recursive: true }); // stands in the manifest's way
  const probing = unit.parse({
    version: "v1",
    job: { namespace: "n", name: "j", uid: "uid" },
    name: "probe-0",
    attempt: 1,
    family: "probe",
    sources: [{ name: "gone", volume: { claimName: "m", path: "gone.mp4" } }],
    outputs: [],
    destination: { volume: { claimName: "m", path: "out" } },
    limits: { cpu: 1, memoryBytes: 1e9, scratchBytes: 1e9, timeoutSeconds: 60 },
  });
  const surroundings = {
    ...{ unitFile: "", resultFile: "", scratchDir: join(root, "scratch") },
    ...{ volumeRoot: () => root, secretRoot: () => root, progress: undefined, tokenFile: undefined },
  };
  const { exitCode, result } = await runUnit(probing, {
    surroundings,
    signal: new AbortController().signal,
  });
  expect([exitCode, result.manifestUri]).toEqual([0, undefined]);
  expect(result.facts).toEqual([FACT_COLUMNS.map(() => null)]);
});
