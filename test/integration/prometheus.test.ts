import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensurePrograms } from "../../examples/ensure-programs.ts";
import { createMetrics } from "../../operator/server/metrics.ts";
import { startServer } from "../../operator/server/server.ts";
import { freePorts } from "../cluster/free-port.ts";
import { until } from "../cluster/until.ts";

/** The operator's metrics and the alerts of the docs, read by a real Prometheus. */
const docs = readFileSync(join(import.meta.dirname, "../../docs/metrics.md"), "utf8");
const dashboard = readFileSync(
  join(import.meta.dirname, "../../charts/mediajob/files/monitoring/dashboard.json"),
  "utf8",
);
const [, rules = ""] = /```yaml\n(.*?)```/s.exec(docs) ?? [];
const metrics = createMetrics();
let directory: string;
let server: Awaited<ReturnType<typeof startServer>>;

beforeAll(async () => {
  ensurePrograms("prometheus", "promtool");
  directory = mkdtempSync(join(tmpdir(), "mediajob-prometheus-"));
  writeFileSync(join(directory, "rules.yaml"), rules);
  const unused = {} as Parameters<typeof startServer>[0]["events"] &
    Parameters<typeof startServer>[0]["progress"];
  server = await startServer({
    port: 0,
    ready: () => undefined,
    registry: metrics.registry,
    progress: unused,
    events: unused,
  });
});
afterAll(async () => {
  await server?.close();
  rmSync(directory, { recursive: true, force: true });
});

const promtool = (args: string[], input = "") => spawnSync("promtool", args, { input, encoding: "utf8" });

test("promtool finds nothing amiss in /metrics, nor in the alerts of the docs", async () => {
  metrics.reconcileSeconds.observe({ result: "ok" }, 0.01);
  metrics.unitsRunning.set({ pool: "cpu" }, 3);
  metrics.unitsWaiting.set({ pool: "cpu", priority: "High" }, 4);
  metrics.unitsWaiting.set({ pool: "cpu", priority: "Low" }, 1);
  metrics.mediaJobs.set({ phase: "Running", priority: "High" }, 1);
  metrics.mediaJobs.set({ phase: "Running", priority: "Low" }, 1);
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  expect(promtool(["check", "metrics"], await response.text())).toMatchObject({ status: 0, stderr: "" });
  expect(promtool(["check", "rules", join(directory, "rules.yaml")])).toMatchObject({ status: 0 });
});

/** What is told, each half minute, of a MediaJob made two hours ago whose next units wait for so many half minutes. */
const waitsFor = (halfMinutes: number) => [
  { series: 'mediajob_units_waiting{pool="cpu",priority="Urgent"}', values: `1x${halfMinutes - 1} stale` },
  {
    series: 'mediajob_oldest_wait_seconds{pool="cpu",priority="Urgent"}',
    values: `7200+30x${halfMinutes - 1} stale`,
  },
];

test.each([
  { name: "nothing, that waits for a minute", halfMinutes: 2, expected: [] },
  { name: "urgent work that waits for six", halfMinutes: 12, expected: [{ exp_labels: { pool: "cpu" } }] },
])("of a MediaJob that has long run the alerts say $name", ({ halfMinutes, expected }) => {
  const file = join(directory, "waits.yaml");
  const asked = { eval_time: `${(halfMinutes - 1) * 30}s`, alertname: "MediaJobUrgentWorkWaits" };
  const summary = "urgent work waits for the pool cpu for more than five minutes";
  const exp_alerts = expected.map((alert) => ({ ...alert, exp_annotations: { summary } }));
  const alert_rule_test = [{ ...asked, exp_alerts }];
  const tests = [{ interval: "30s", input_series: waitsFor(halfMinutes), alert_rule_test }];
  writeFileSync(file, JSON.stringify({ rule_files: ["rules.yaml"], evaluation_interval: "30s", tests }));
  const { status, stdout, stderr } = promtool(["test", "rules", file]);
  expect(`${stdout}${stderr}`).toContain("SUCCESS");
  expect(status).toBe(0);
});

test("Prometheus reads them of two replicas, evaluates every alert and every query of the dashboard, and raises what an operator that has just started does", async () => {
  const [port] = await freePorts(1);
  const config = join(directory, "prometheus.yaml");
  // One server under two names: two replicas that have read the same cluster.
  const targets = ["127.0.0.1", "localhost"].map((host) => `${host}:${server.port}`);
  const job = { job_name: "mediajob", static_configs: [{ targets }] };
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: ["rules.yaml"],
      scrape_configs: [job],
    }),
  );
  const prometheus = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  const exited = new Promise((resolve) => prometheus.once("exit", resolve));
  try {
    const api = async <T>(path: string): Promise<T> =>
      ((await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as { data: T }).data;
    const valuesOf = async (query: string) => {
      const { result } = await api<{ result: { value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(query)}`,
      );
      return result.map(({ value: [, value] }) => value);
    };
    const running = await until(
      "a sample of each replica",
      async () => {
        const values = await valuesOf("mediajob_units_running");
        return values.length === targets.length && values;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
    expect(running).toEqual(["3", "3"]);
    const queries = [...dashboard.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, text = ""]) =>
      (JSON.parse(text) as string).replaceAll("$__rate_interval", "1m"),
    );
    expect(queries.length).toBeGreaterThan(15);
    for (const query of queries) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
      expect([query, answer.status]).toEqual([query, 200]);
    }
    for (const [gauge, shown] of Object.entries({ units_running: 3, units_waiting: 5, mediajobs: 2 })) {
      const query = queries.find((query) => query.includes(`(mediajob_${gauge}`)) ?? "";
      expect([query, await valuesOf(query)]).toEqual([query, [String(shown)]]);
    }
    type Rule = { name: string; health: string; state: string };
    const alerts = await until(
      "every alert to be evaluated, and some to be raised",
      async () => {
        const { groups } = await api<{ groups: { rules: Rule[] }[] }>("rules");
        const alerts = groups.flatMap(({ rules }) => rules);
        const isDone = alerts.every(({ health }) => health !== "unknown") && raised(alerts).length > 1;
        return isDone && alerts;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
    expect(alerts.filter(({ health }) => health !== "ok")).toEqual([]);
    expect(raised(alerts)).toEqual(["MediaJobWithoutLeader", "MediaJobConfigurationRefused"]);
  } finally {
    prometheus.kill();
    await exited;
  }
});

const raised = (alerts: readonly { name: string; state: string }[]): string[] =>
  alerts.filter(({ state }) => state !== "inactive").map(({ name }) => name);
