import { expect, test } from "vitest";
import { mediaJob, sources } from "../../../test/builders/core.ts";
import { configuration } from "../../core/configuration.ts";
import { plan } from "../../core/plan/plan.ts";
import { unitJob } from "./unit-job.ts";

function jobOf(outputs: Record<string, unknown>[], claimName = "media") {
  const destination = { volume: { claimName } };
  const job = mediaJob({ sources: sources("film"), outputs, destination });
  const settings = configuration.parse({});
  const [planned] = plan(job.spec, settings.pools).units;
  if (!planned) throw new Error("nothing was planned");
  const placed = {
    pool: "default",
    cpu: 1,
    memoryBytes: 2 ** 30,
    memoryLimitBytes: 2 ** 30,
    scratchBytes: 2 ** 30,
    gpu: false,
  };
  const draft = unitJob({ job, planned, attempt: 1, placed, configuration: settings });
  return draft.spec?.template?.spec;
}

const encrypted = (key: string) => ({
  encryption: { method: "cbcs", keySecretRef: { name: "film", key }, keyUri: "https://keys.test/film" },
});

test("a Secret that an output names is mounted read-only, with the named key alone, and may be missing", () => {
  const pod = jobOf([{ name: "play", stream: encrypted("drm.key") }]);
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
  const pod = jobOf([{ name: "play", stream: {} }]);
  expect(pod?.volumes?.filter((volume) => "secret" in volume)).toEqual([]);
});

/** Of a volume: RFC 1123, 2.1, as Kubernetes holds it for a DNS label. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

test.each([
  { name: "is long", claim: "a".repeat(253) },
  { name: "would be cut at a dash", claim: `${"a".repeat(54)}-b` },
  { name: "has dots", claim: "media.v2.example" },
])("a claim whose name $name is a volume that Kubernetes takes", ({ claim }) => {
  const pod = jobOf([{ name: "play", stream: {} }], claim);
  const volume = pod?.volumes?.find(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim,
  );
  expect(volume?.name).toMatch(LABEL);
  expect(pod?.containers?.[0]?.volumeMounts).toContainEqual({
    name: volume?.name,
    mountPath: `/volumes/${claim}`,
  });
});
