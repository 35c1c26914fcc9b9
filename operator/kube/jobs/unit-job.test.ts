import { expect, test } from "vitest";
import { mediaJob, placed, sources } from "../../../test/builders/core.ts";
import { configuration } from "../../core/configuration.ts";
import { plan } from "../../core/plan/plan.ts";
import type { Placed } from "../../core/reconcile/decision.ts";
import { unitJob } from "./unit-job.ts";

function jobOf(spec: Record<string, unknown>, settings = configuration.parse({}), where: Placed = placed) {
  const job = mediaJob({ sources: sources("film"), ...spec });
  const [planned] = plan(job.spec, settings.pools).units;
  if (!planned) throw new Error("nothing was planned");
  return unitJob({ job, planned, attempt: 1, placed: where, configuration: settings });
}

const specOf = (...args: Parameters<typeof jobOf>) => jobOf(...args).spec;

const podOf = (outputs: Record<string, unknown>[]) => specOf({ outputs })?.template?.spec;

const encrypted = (key: string) => ({
  encryption: { method: "cbcs", keySecretRef: { name: "film", key }, keyUri: "https://keys.test/film" },
});

test("an attempt's Job belongs to its MediaJob, is found by its labels, and goes some time after its end", () => {
  const { metadata, spec } = jobOf({}, configuration.parse({ unitTtlSecondsAfterFinished: 120 }));
  const labels = {
    "app.kubernetes.io/managed-by": "mediajob",
    "mediajob.dev/job": "holiday",
    "mediajob.dev/unit": "image-0",
    "mediajob.dev/attempt": "1",
  };
  expect(metadata).toMatchObject({ name: "holiday-image-0-a1", namespace: "media", labels });
  expect(metadata.ownerReferences).toMatchObject([{ kind: "MediaJob", name: "holiday", controller: true }]);
  expect(spec?.template.metadata?.labels).toMatchObject(labels);
  expect(spec).toMatchObject({ backoffLimit: 0, ttlSecondsAfterFinished: 120 });
});

test("its pod has no rights, and asks for what it was given and no more, on the nodes of its pool", () => {
  const nodeSelector = { "example.test/pool": "gpu" };
  const tolerations = [{ key: "nvidia.com/gpu", operator: "Exists" }];
  const pools = [{ name: "gpu", nodeSelector, tolerations, gpuResource: "nvidia.com/gpu" }];
  const given = { ...placed, pool: "gpu", gpu: true, cpu: 1.5, memoryBytes: 2 ** 29, scratchBytes: 2 ** 28 };
  const pod = specOf({}, configuration.parse({ pools }), given)?.template.spec;
  expect(pod).toMatchObject({
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    ...{ nodeSelector, tolerations },
  });
  const amounts = {
    cpu: "1500m",
    memory: String(2 ** 29),
    "ephemeral-storage": String(2 ** 28),
    "nvidia.com/gpu": "1",
  };
  expect(pod?.containers?.[0]).toMatchObject({
    resources: { requests: amounts, limits: amounts },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  });
  expect(pod?.volumes).toContainEqual({ name: "scratch", emptyDir: { sizeLimit: String(2 ** 28) } });
});

test("a Secret that an output names is mounted read-only, with the named key alone, and may be missing", () => {
  const pod = podOf([{ name: "play", stream: encrypted("drm.key") }]);
  expect(pod?.volumes).toContainEqual({
    name: "secret-0",
    secret: {
      secretName: "film",
      items: [{ key: "drm.key", path: "drm.key" }],
      defaultMode: 0o440,
      optional: true,
    },
  });
  expect(pod?.containers?.[0]?.volumeMounts).toContainEqual({
    name: "secret-0",
    mountPath: "/secrets/film",
    readOnly: true,
  });
});

test("a unit that needs no Secret has none", () => {
  const pod = podOf([{ name: "play", stream: {} }]);
  expect(pod?.volumes?.filter((volume) => "secret" in volume)).toEqual([]);
});

test("an attempt has one pod, which is never made anew, where its pool says and with the pool's accelerator", () => {
  const gpu = {
    ...{ name: "gpu", nodeSelector: { pool: "media-gpu" }, runtimeClassName: "nvidia" },
    tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" as const }],
    gpuResource: "nvidia.com/gpu",
  };
  const job = mediaJob({ sources: sources("film"), outputs: [{ name: "web", video: {} }] });
  const settings = configuration.parse({ pools: [gpu] });
  const [planned] = plan(job.spec, settings.pools).units;
  if (!planned) throw new Error("nothing was planned");
  const there = { ...placed, pool: "gpu", gpu: true };
  const { spec } = unitJob({ job, planned, attempt: 1, placed: there, configuration: settings });
  expect(spec).toMatchObject({ backoffLimit: 0, completions: 1, podReplacementPolicy: "Failed" });
  expect(spec?.ttlSecondsAfterFinished).toBe(settings.unitTtlSecondsAfterFinished);
  const { nodeSelector, tolerations, runtimeClassName } = gpu;
  expect(spec?.template?.spec).toMatchObject({
    ...{ restartPolicy: "Never", nodeSelector, tolerations, runtimeClassName },
    containers: [{ resources: { limits: { "nvidia.com/gpu": "1", memory: String(placed.memoryBytes) } } }],
  });
});

test("what Kueue admits is made suspended, in its queue; anything else is not", () => {
  const of = (labels?: Record<string, string>) => {
    const { metadata, ...rest } = mediaJob();
    const job = { ...rest, metadata: { ...metadata, ...(labels && { labels }) } };
    const settings = configuration.parse({});
    const [planned] = plan(job.spec, settings.pools).units;
    if (!planned) throw new Error("nothing was planned");
    return unitJob({ job, planned, attempt: 1, placed, configuration: settings });
  };
  const queue = { "kueue.x-k8s.io/queue-name": "media" };
  expect(of(queue)).toMatchObject({ metadata: { labels: queue }, spec: { suspend: true } });
  expect(of().spec?.suspend).toBeUndefined();
});

test("the time that a pod may take to start is no part of the time that its unit may run", () => {
  const settings = configuration.parse({ recovery: { startDeadlineSeconds: 900 } });
  const { activeDeadlineSeconds } = specOf({ unitTimeoutSeconds: 60 }, settings) ?? {};
  expect(activeDeadlineSeconds).toBe(900 + 60 + 30);
});

/** Of a volume: RFC 1123, 2.1, as Kubernetes holds it for a DNS label. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

test.each([
  { name: "is long", claim: "a".repeat(253) },
  { name: "would be cut at a dash", claim: `${"a".repeat(54)}-b` },
  { name: "has dots", claim: "media.v2.example" },
])("a claim whose name $name is a volume that Kubernetes takes", ({ claim }) => {
  const destination = { volume: { claimName: claim } };
  const pod = specOf({ outputs: [{ name: "play", stream: {} }], destination })?.template.spec;
  const volume = pod?.volumes?.find(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim,
  );
  expect(volume?.name).toMatch(LABEL);
  expect(pod?.containers?.[0]?.volumeMounts).toContainEqual({
    name: volume?.name,
    mountPath: `/volumes/${claim}`,
  });
});
