import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { configuration } from "../../operator/core/configuration.ts";
import { kubernetesVersion } from "../cluster/binaries.ts";
import { chart, everythingOn, helm, only, render, repository } from "./chart.ts";

const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };

test.each([
  { name: "its defaults", values: {} },
  {
    name: "everything turned on",
    values: { ...everythingOn, serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } },
  },
])("helm lint finds nothing wrong with $name", async ({ values }) => {
  await helm(["lint", "--strict", chart, "--kube-version", kubernetesVersion()], { values });
});

test("the versions of package, chart and images are one", () => {
  const { version: chartVersion, appVersion } = parse(readFileSync(join(chart, "Chart.yaml"), "utf8"));
  const imageVersions = ["Dockerfile.operator", "Dockerfile.worker"].map(
    (name) => readFileSync(join(repository, name), "utf8").match(/^ARG VERSION=(.*)$/m)?.[1],
  );
  expect([chartVersion, appVersion, ...imageVersions]).toEqual([version, version, version, version]);
});

describe("the operator's configuration", () => {
  const rendered = async (values: object) =>
    configuration.parse(parse(only(await render(values), "ConfigMap").data["config.yaml"]));

  test("names the chart's worker image and the Service as the place for progress", async () => {
    const { worker, progressUrl } = await rendered({ service: { port: 81 } });
    expect(worker.image).toBe(`mediajob-worker:${version}`);
    expect(progressUrl).toBe("http://media-mediajob.media.svc:81/progress");
  });

  test("takes a worker image by its digest", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const image = { repository: "registry.example/worker", tag: "1", digest, pullPolicy: "Always" };
    const { worker } = await rendered({ worker: { image, imagePullSecrets: [{ name: "pull" }] } });
    expect(worker).toMatchObject({
      image: `registry.example/worker@${digest}`,
      imagePullPolicy: "Always",
      imagePullSecrets: [{ name: "pull" }],
    });
  });

  test("passes `config` on as it stands, beside what the chart knows", async () => {
    const config = {
      pools: [{ name: "gpu", gpuResource: "nvidia.com/gpu", perUnit: { cpu: 1.5 }, costWeight: 5 }],
      unitTtlSecondsAfterFinished: 31_536_000,
      worker: { runAsUser: 1234 },
    };
    const { pools, unitTtlSecondsAfterFinished, worker } = await rendered({ config });
    expect(pools).toEqual(configuration.parse(config).pools);
    expect(unitTtlSecondsAfterFinished).toBe(31_536_000);
    expect(worker).toMatchObject({ runAsUser: 1234, image: `mediajob-worker:${version}` });
  });

  test("may be left empty, as where all lines of it are comments", async () => {
    const rbac = { secretNamespaces: ["films"] };
    expect(await render({ config: null, rbac })).toEqual(await render({ rbac }));
  });

  test("does not restart the operator when it changes: the operator reads it anew by itself", async () => {
    const template = async (values: object) => only(await render(values), "Deployment").spec.template;
    expect(await template({ config: { concurrency: 7 } })).toEqual(await template({}));
  });
});

test("a ServiceMonitor reads the port that the Service names", async () => {
  const manifests = await render({ serviceMonitor: { enabled: true, labels: { release: "prometheus" } } });
  const monitor = only(manifests, "ServiceMonitor");
  const service = only(manifests, "Service");
  expect(monitor.metadata.labels).toMatchObject({ release: "prometheus" });
  expect(service.metadata.labels).toMatchObject(monitor.spec.selector.matchLabels);
  expect(service.spec.ports.map(({ name }: { name: string }) => name)).toEqual([
    monitor.spec.endpoints[0].port,
  ]);
});

test("labels of one's own stand once, whatever they are beside, and the more particular counts", async () => {
  const labels = { team: "films", "app.kubernetes.io/part-of": "platform" };
  const manifests = await render({
    commonLabels: labels,
    podLabels: { team: "operators", mesh: "off" },
    serviceMonitor: { enabled: true, labels: { team: "monitoring" } },
    prometheusRule: { enabled: true, labels },
    grafanaDashboard: { enabled: true, labels },
  });
  for (const { metadata } of manifests)
    expect(metadata.labels).toMatchObject({ "app.kubernetes.io/part-of": "platform" });
  expect(only(manifests, "Service").metadata.labels).toMatchObject(labels);
  expect(only(manifests, "ServiceMonitor").metadata.labels).toMatchObject({ team: "monitoring" });
  const { selector, template } = only(manifests, "Deployment").spec;
  expect(template.metadata.labels).toMatchObject({ ...selector.matchLabels, team: "operators", mesh: "off" });
});

test("a PrometheusRule has the alerts of the docs, as they stand there", async () => {
  const docs = readFileSync(join(repository, "docs/metrics.md"), "utf8");
  const [, rules = ""] = /```yaml\n(.*?)```/s.exec(docs) ?? [];
  const values = { prometheusRule: { enabled: true, labels: { release: "prometheus" } } };
  const rule = only(await render(values), "PrometheusRule");
  expect(rule.spec).toEqual(parse(rules));
  expect(rule.metadata.labels).toMatchObject({ release: "prometheus" });
});

test("the dashboard arrives in its ConfigMap as it is in the chart", async () => {
  const manifests = await render({ grafanaDashboard: { enabled: true } });
  const map = manifests.find(({ metadata }) => metadata.labels?.grafana_dashboard === "1");
  const file = readFileSync(join(chart, "files/monitoring/dashboard.json"), "utf8");
  expect(JSON.parse(map?.data["mediajob.json"])).toEqual(JSON.parse(file));
});

test("spread constraints look at the operator's pods, unless they say otherwise", async () => {
  const spread = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" };
  const labelSelector = { matchLabels: { app: "all" } };
  const values = { topologySpreadConstraints: [spread, { ...spread, labelSelector }] };
  const { spec } = only(await render(values), "Deployment");
  expect(spec.template.spec.topologySpreadConstraints).toEqual([
    { ...spread, labelSelector: spec.selector },
    { ...spread, labelSelector },
  ]);
});

test("an authority of one's own reaches the operator by the values of the docs", async () => {
  const docs = readFileSync(join(repository, "docs/webhooks.md"), "utf8");
  const [, values = ""] = /```yaml\n# values of the chart\n(.*?)```/s.exec(docs) ?? [];
  const { containers, volumes } = only(await render(parse(values)), "Deployment").spec.template.spec;
  const [{ env, volumeMounts }] = containers;
  const certificates = env.find(({ name }: { name: string }) => name === "NODE_EXTRA_CA_CERTS").value;
  const mount = volumeMounts.find(
    ({ mountPath }: { mountPath: string }) => mountPath === dirname(certificates),
  );
  expect(volumes).toContainEqual({ name: mount.name, configMap: { name: "our-ca" } });
  expect([volumes.length, volumeMounts.length]).toEqual([2, 2]); // its configuration is still there
});
