/** What a unit's pod sees of files: its unit, a token, scratch, and the claims and Secrets that the unit names. */
import type { V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import { TOKEN_AUDIENCE, UNIT_ANNOTATION } from "../../../crds/group.ts";
import type { Unit } from "../../../crds/unit.ts";
import type { Wire } from "../api/kube-object.ts";

export const UNIT_DIRECTORY = "/etc/mediajob";
export const TOKEN_DIRECTORY = "/var/run/secrets/mediajob.dev";
export const SCRATCH_DIRECTORY = "/scratch";
const VOLUMES_DIRECTORY = "/volumes";
const SECRETS_DIRECTORY = "/secrets";

/** Claims of the unit with whether it writes to them; a claim that is both read and written is mounted once. */
function claimsOf({ sources, companions = [], destination }: Unit): Map<string, { writable: boolean }> {
  const claims = new Map<string, { writable: boolean }>();
  for (const { volume } of [...sources, ...companions])
    if (volume) claims.set(volume.claimName, { writable: false });
  if (destination.volume) claims.set(destination.volume.claimName, { writable: true });
  return claims;
}

/** The values of Secrets that the unit's outputs name, by Secret. */
function secretsOf({ outputs }: Unit): Map<string, Set<string>> {
  const secrets = new Map<string, Set<string>>();
  for (const { stream } of outputs) {
    const ref = stream?.encryption?.keySecretRef;
    if (ref) secrets.set(ref.name, (secrets.get(ref.name) ?? new Set()).add(ref.key));
  }
  return secrets;
}

export function mounts(unit: Unit): Wire<V1VolumeMount>[] {
  return [
    { name: "unit", mountPath: UNIT_DIRECTORY, readOnly: true },
    { name: "token", mountPath: TOKEN_DIRECTORY, readOnly: true },
    { name: "scratch", mountPath: SCRATCH_DIRECTORY },
    ...[...claimsOf(unit)].map(([claim, { writable }], index) => ({
      name: `claim-${index}`,
      mountPath: `${VOLUMES_DIRECTORY}/${claim}`,
      ...(!writable && { readOnly: true }),
    })),
    ...[...secretsOf(unit).keys()].map((secret, index) => ({
      name: `secret-${index}`,
      mountPath: `${SECRETS_DIRECTORY}/${secret}`,
      readOnly: true,
    })),
  ];
}

export function volumes(unit: Unit): Wire<V1Volume>[] {
  return [
    {
      name: "unit",
      downwardAPI: {
        items: [{ path: "unit.json", fieldRef: { fieldPath: `metadata.annotations['${UNIT_ANNOTATION}']` } }],
      },
    },
    {
      name: "token",
      projected: {
        sources: [
          { serviceAccountToken: { path: "token", audience: TOKEN_AUDIENCE, expirationSeconds: 3600 } },
        ],
      },
    },
    { name: "scratch", emptyDir: { sizeLimit: String(unit.limits.scratchBytes) } },
    ...[...claimsOf(unit)].map(([claim, { writable }], index) => ({
      name: `claim-${index}`,
      persistentVolumeClaim: { claimName: claim, ...(!writable && { readOnly: true }) },
    })),
    // Optional, so that the worker starts and says what is missing; readable for its group, which fsGroup sets.
    ...[...secretsOf(unit)].map(([secretName, keys], index) => ({
      name: `secret-${index}`,
      secret: {
        secretName,
        items: [...keys].map((key) => ({ key, path: key })),
        defaultMode: 0o440,
        optional: true,
      },
    })),
  ];
}
