import { expect, test } from "vitest";
import { mediaJob, placed, sources } from "../../../test/builders/core.ts";
import { configuration } from "../../core/configuration.ts";
import { plan } from "../../core/plan/plan.ts";
import { unitJob } from "./unit-job.ts";

function specOf(spec: Record<string, unknown>, settings = configuration.parse({})) {
  const job = mediaJob({ sources: sources("film"), ...spec });
  const [planned] = plan(job.spec, settings.pools).units;
  if (!planned) throw new Error("nothing was planned");
  return unitJob({ job, planned, attempt: 1, placed, configuration: settings }).spec;
}

const podOf = (outputs: Record<string, unknown>[]) => specOf({ outputs })?.template?.spec;

const encrypted = (key: string) => ({
  encryption: { method: "cbcs", keySecretRef: { name: "film", key }, keyUri: "https://keys.test/film" },
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
