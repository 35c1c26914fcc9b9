import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConfigurationFile } from "../configuration-file.ts";
import { createMetrics } from "./metrics.ts";
import { showOperator } from "./operator-metrics.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mediajob-operator-metrics-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** What a gauge says, by its labels, after each of these texts stood in the configuration file. */
async function shown(name: string, texts: readonly string[]): Promise<Record<string, number>[]> {
  const metrics = createMetrics();
  const path = join(directory, "config.yaml");
  await writeFile(path, texts[0] ?? "");
  const file = await ConfigurationFile.open(path);
  const said: Record<string, number>[] = [];
  for (const text of texts) {
    await writeFile(path, text);
    await file.look();
    showOperator(metrics, { file, running: () => 3 });
    const samples = (await metrics.registry.getMetricsAsJSON()).find((metric) => metric.name === name);
    const values = samples?.values as { labels: object; value: number }[];
    said.push(
      Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join() || name, value])),
    );
  }
  return said;
}

test("a configuration that is not valid is shown for as long as it is there, also when the one of before comes back", async () => {
  const name = "mediajob_configuration_valid";
  expect(await shown(name, ["concurrency: 5", "concurrency: x", "concurrency: 5"])).toEqual([
    { [name]: 1 },
    { [name]: 0 },
    { [name]: 1 },
  ]);
});

test("a pool that leaves the configuration is shown no more", async () => {
  const pools = (...names: string[]) => `pools: [${names.map((name) => `{name: ${name}}`).join()}]`;
  expect(await shown("mediajob_units_running", [pools("cpu", "gpu"), pools("cpu")])).toEqual([
    { cpu: 3, gpu: 3 },
    { cpu: 3 },
  ]);
});
