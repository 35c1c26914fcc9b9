import type { StructuralSchema } from "../structural-schema.ts";
import { isObject } from "./defaults.ts";

/** Steps from an object's root to a field: names and list indexes. */
export type Steps = readonly PropertyKey[];

/** A field path as the API server writes it, e.g. `spec.outputs[1].image.width`. */
export function fieldPath(steps: Steps): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === "number") return `${path}[${step}]`;
    const name = String(step);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `${path}[${name}]`;
    return path ? `${path}.${name}` : name;
  }, "");
}

/** A field's path and those of all that it lies in, the object's own, which is empty, too. */
export const pathsTo = (path: string): string[] => [
  path,
  ...[...path.matchAll(/[.[]/g)].map(({ index }) => path.slice(0, index)),
  "",
];

/** The schema of a field; undefined for a field that no schema speaks of. */
export function schemaAt(root: StructuralSchema, steps: Steps): StructuralSchema | undefined {
  return steps.reduce<StructuralSchema | undefined>(
    (schema, step) =>
      typeof step === "number"
        ? schema?.items
        : (schema?.properties?.[String(step)] ?? schema?.additionalProperties),
    root,
  );
}

/** What an object holds at a field; undefined when it is not there. */
export function valueAt(root: unknown, steps: Steps): unknown {
  return steps.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return value[Number(step)];
    return isObject(value) ? value[String(step)] : undefined;
  }, root);
}
