import type { StructuralSchema } from "../structural-schema.ts";

/**
 * A copy of a value as the API server keeps it: fields that are missing, or null where null means nothing,
 * take their defaults, and nulls without a default are dropped. Defaults are filled inside defaults too.
 */
export function withDefaults(schema: StructuralSchema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withDefaults(schema.items ?? {}, item));
  if (!isObject(value)) return value;

  const { properties = {}, additionalProperties = {} } = schema;
  const names = new Set([...Object.keys(value), ...Object.keys(properties)]);
  const filled: Record<string, unknown> = {};
  for (const name of names) {
    const field = properties[name] ?? additionalProperties;
    const given = value[name];
    const kept = given === null && name in properties && !field.nullable ? field.default : given;
    const known = kept === undefined ? field.default : kept;
    if (known !== undefined) filled[name] = withDefaults(field, known);
  }
  return filled;
}

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
