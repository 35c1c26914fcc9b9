/** Builders of the objects and events that unit tests speak of; each fills in what its test does not care for. */
import type { ConfigMap } from "../api/resources.ts";

export interface ConfigMapFields {
  readonly name?: string;
  readonly uid?: string;
  readonly version?: number;
  readonly owner?: string;
  readonly value?: string;
}

export function configMap({
  name = "a",
  uid = `uid-${name}`,
  version = 1,
  owner,
  value = "",
}: ConfigMapFields = {}): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      namespace: "default",
      name,
      uid,
      resourceVersion: String(version),
      managedFields: [{ manager: "kubectl" }],
      ...(owner && { ownerReferences: [{ apiVersion: "v1", kind: "Owner", name: owner, uid: owner }] }),
    },
    data: { value },
  };
}

export function listOf(version: number, ...items: ConfigMap[]) {
  return { kind: "ConfigMapList", metadata: { resourceVersion: String(version) }, items };
}

export const added = (fields: ConfigMapFields) => ({ type: "ADDED", object: configMap(fields) }) as const;
export const modified = (fields: ConfigMapFields) =>
  ({ type: "MODIFIED", object: configMap(fields) }) as const;
export const deleted = (fields: ConfigMapFields) => ({ type: "DELETED", object: configMap(fields) }) as const;

export function bookmark(version: number) {
  return { type: "BOOKMARK", object: { metadata: { resourceVersion: String(version) } } } as const;
}

export function watchError(code: number, reason: string) {
  return {
    type: "ERROR",
    object: { kind: "Status", code, reason, message: `${reason}, says the script` },
  } as const;
}
