import type { StructuralSchema } from "../structural-schema.ts";
import { isObject } from "./defaults.ts";
import { fieldPath, type Steps } from "./field-path.ts";
import { keyOf, type Place, places } from "./places.ts";
import type { ValidationError } from "./shape.ts";

/** Every key that a keyed list holds twice, and every item that a set does. */
export function duplicateErrors(schema: StructuralSchema, object: unknown): ValidationError[] {
  return [...places(schema, object)].flatMap(duplicates);
}

function duplicates({ schema, steps, value }: Place): ValidationError[] {
  const type = schema["x-kubernetes-list-type"];
  if (!Array.isArray(value) || (type !== "map" && type !== "set")) return [];
  const seen = new Map<string, number>();
  const errors: ValidationError[] = [];
  for (const [index, item] of value.entries()) {
    const key = type === "map" ? keyOf(schema, item) : JSON.stringify(item);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else errors.push(duplicate(schema, { steps, item, index, first }));
  }
  return errors;
}

function duplicate(
  schema: StructuralSchema,
  { steps, item, index, first }: { steps: Steps; item: unknown; index: number; first: number },
): ValidationError {
  const [key] = schema["x-kubernetes-list-map-keys"] ?? [];
  const value = key !== undefined && isObject(item) ? item[key] : item;
  return {
    path: fieldPath(key === undefined ? [...steps, index] : [...steps, index, key]),
    message: `Duplicate value: ${JSON.stringify(value)} stands in ${fieldPath([...steps, first])} already`,
    value,
  };
}
