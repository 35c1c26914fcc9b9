import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createMetrics } from "../operator/server/metrics.ts";

const read = (path: string) => readFileSync(join(import.meta.dirname, path), "utf8");
const docs = read("../docs/metrics.md");

/** As /metrics says it, and the labels as they are declared. */
async function ofTheOperator() {
  const { registry } = createMetrics();
  const types = new Map(
    [...(await registry.metrics()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]),
  );
  return (await registry.getMetricsAsArray())
    .filter(({ name }) => name.startsWith("mediajob_"))
    .map((metric) => {
      const { labelNames } = metric as unknown as { labelNames: string[] };
      return {
        name: metric.name,
        type: types.get(metric.name),
        labels: labelNames.join(", "),
        help: metric.help,
      };
    });
}

test("docs/metrics.md lists every metric, with its type, its labels and what it says", async () => {
  const rows = [...docs.matchAll(/^\| `(mediajob_\w+)` \| (\w+) \| (.*?) ?\| (.*?) \|$/gm)];
  expect(
    rows.map(([, name, type, labels = "", help]) => ({
      name,
      type,
      labels: labels.replaceAll("`", ""),
      help: `${help}.`,
    })),
  ).toEqual(await ofTheOperator());
});

const texts = [
  { name: "the docs ask for", text: docs },
  { name: "the dashboard shows", text: read("../charts/mediajob/files/monitoring/dashboard.json") },
  { name: "the alerts watch", text: read("../charts/mediajob/files/monitoring/alerts.yaml") },
];

test.each(texts)("what $name is there", async ({ text }) => {
  const names = new Set((await ofTheOperator()).map(({ name }) => name));
  const asked = [...text.matchAll(/\bmediajob_\w+/g)].map(([name]) =>
    name.replace(/_(bucket|count|sum)$/, ""),
  );
  expect(asked.filter((name) => !names.has(name))).toEqual([]);
});

test.each(texts)(
  "of what $name no gauge is added up over replicas, which all tell of the same cluster",
  async ({ text }) => {
    const gauges = new Set(
      (await ofTheOperator()).flatMap(({ name, type }) => (type === "gauge" ? [name] : [])),
    );
    gauges.delete("mediajob_leader"); // each replica tells of itself
    const summed = [...text.matchAll(/\bsum(?: by \([^)]*\))? ?\((mediajob_\w+)/g)].map(
      ([, name = ""]) => name,
    );
    expect(summed.filter((name) => gauges.has(name))).toEqual([]);
  },
);
