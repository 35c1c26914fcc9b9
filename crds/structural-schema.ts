import { z } from "zod";
import type { Rule } from "./validation.ts";

/**
 * A structural schema: the part of OpenAPI that a CustomResourceDefinition takes, and the form in which the
 * API server reads, defaults and validates an object. The CRD holds it as YAML; `validate.ts` walks it.
 */
export interface StructuralSchema {
  description?: string;
  type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  format?: string;
  nullable?: true;
  default?: unknown;
  enum?: string[];
  minimum?: number;
  exclusiveMinimum?: true;
  maximum?: number;
  exclusiveMaximum?: true;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  items?: StructuralSchema;
  maxProperties?: number;
  additionalProperties?: StructuralSchema;
  properties?: Record<string, StructuralSchema>;
  required?: string[];
  "x-kubernetes-int-or-string"?: true;
  "x-kubernetes-preserve-unknown-fields"?: true;
  "x-kubernetes-list-type"?: "atomic" | "map" | "set";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: "atomic";
  "x-kubernetes-validations"?: Rule[];
}

type JsonSchema = Record<string, unknown>;

/**
 * Keywords in the order in which they are written. A keyword that is not named here cannot be said in a
 * structural schema, so it is refused rather than lost.
 */
const KEYWORDS = [
  "description",
  "type",
  "format",
  "nullable",
  "default",
  "enum",
  "minimum",
  "exclusiveMinimum",
  "maximum",
  "exclusiveMaximum",
  "minLength",
  "maxLength",
  "pattern",
  "minItems",
  "maxItems",
  "items",
  "maxProperties",
  "additionalProperties",
  "required",
  "properties",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
] as const satisfies (keyof StructuralSchema)[];

/** What every kind has at its root, in the words of the Kubernetes API; the API server itself checks it. */
const TYPE_META: Record<string, StructuralSchema> = {
  apiVersion: {
    description:
      "apiVersion is the versioned schema of this object, as the Kubernetes API conventions describe.",
    type: "string",
    maxLength: 253,
  },
  kind: {
    description: "kind is the REST resource this object stands for, in CamelCase.",
    type: "string",
    maxLength: 63,
  },
  // The API server describes metadata itself and refuses a CRD that does.
  metadata: { type: "object" },
};

/**
 * The structural schema of a kind, from its zod schema: what a user may write, so a field with a default is
 * optional. Throws with the field's path when zod says something that a structural schema cannot.
 */
export function structuralSchema(kind: z.ZodType): StructuralSchema {
  const json = z.toJSONSchema(kind, { io: "input", target: "openapi-3.0", reused: "inline" }) as JsonSchema;
  const root = convert(json, "");
  return {
    ...root,
    properties: { ...root.properties, ...TYPE_META },
    required: (root.required ?? []).filter((field) => !(field in TYPE_META)),
  };
}

function convert(json: JsonSchema, path: string): StructuralSchema {
  const schema = json.anyOf ? intOrString(json, path) : { ...json };
  delete schema.$schema;
  boundIntegers(schema);
  boundFractions(schema);
  if (schema.type === "object") convertObject(schema, path);
  if (schema.items) schema.items = convert(schema.items as JsonSchema, `${path}[]`);
  sayDefault(schema);

  const strange = Object.keys(schema).filter((key) => !(KEYWORDS as readonly string[]).includes(key));
  if (strange.length > 0)
    throw new Error(`${path || "the kind"}: a structural schema has no ${strange.join(", ")}`);
  return Object.fromEntries(KEYWORDS.filter((key) => key in schema).map((key) => [key, schema[key]]));
}

/** zod bounds every int by what JavaScript holds exactly; as a bound that is noise, as a format it is int64. */
function boundIntegers(schema: StructuralSchema | JsonSchema): void {
  if (schema.type !== "integer") return;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  schema.format = "int64";
}

/**
 * The API server holds a whole number against the whole part of a bound: it takes 0 where the minimum is 0.3
 * (measured with 1.34). The rule says it again in CEL, which counts in fractions.
 */
function boundFractions(schema: StructuralSchema | JsonSchema): void {
  const { type, minimum } = schema;
  if (type !== "number" || typeof minimum !== "number" || Number.isInteger(minimum)) return;
  const rule = { rule: `self >= ${minimum}`, message: `should be greater than or equal to ${minimum}` };
  schema["x-kubernetes-validations"] = [...((schema["x-kubernetes-validations"] as Rule[]) ?? []), rule];
}

/**
 * strictObject says `additionalProperties: false`, which is what structural schemas mean anyway; looseObject
 * says `{}`, which they call preserve-unknown-fields; a record says the schema of its values.
 */
function convertObject(schema: JsonSchema, path: string): void {
  const additional = schema.additionalProperties as JsonSchema | false | undefined;
  delete schema.additionalProperties;
  if (additional && Object.keys(additional).length > 0) {
    schema.additionalProperties = convert(additional, `${path}{}`);
  } else if (additional) {
    schema["x-kubernetes-preserve-unknown-fields"] = true;
  }
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
  if (properties.length === 0) delete schema.properties;
  else
    schema.properties = Object.fromEntries(
      properties
        .filter(([name]) => path !== "" || !(name in TYPE_META))
        .map(([name, property]) => [name, convert(property, path ? `${path}.${name}` : name)]),
    );
}

/** `kubectl explain` prints no defaults, so the description has to. */
function sayDefault(schema: JsonSchema): void {
  const { default: value, description } = schema;
  const said = defaultInWords(value);
  if (said === undefined || typeof description !== "string" || description.includes("Default ")) return;
  schema.description = `${description} ${said}.`;
}

/** A default as descriptions say it; what is empty or none says nothing. */
export function defaultInWords(value: unknown): string | undefined {
  if (value === undefined || JSON.stringify(value) === "{}" || JSON.stringify(value) === "[]")
    return undefined;
  return `Default ${Array.isArray(value) ? `[${value.join(", ")}]` : value}`;
}

/**
 * The only union a structural schema takes is of an integer and a string, and its branches may bound nothing.
 * Bounds beside them may, each for the type it speaks of: `maximum` for integers, `pattern` for strings. A CEL
 * rule would do too, but the API server charges it for a string of 3 MB, the largest request, and refuses it.
 */
function intOrString(json: JsonSchema, path: string): JsonSchema {
  const { anyOf, ...rest } = json as { anyOf: StructuralSchema[] };
  const integer = anyOf.find((branch) => branch.type === "integer");
  const text = anyOf.find((branch) => branch.type === "string");
  if (anyOf.length !== 2 || !integer || !text)
    throw new Error(`${path}: a structural schema takes no union but that of one integer and one string`);
  boundIntegers(integer);
  const { minimum, maximum } = integer;
  if (minimum === undefined || maximum === undefined || !text.enum)
    throw new Error(`${path}: in a union the integer needs min and max, and the string must be an enum`);
  return {
    ...rest,
    minimum,
    maximum,
    pattern: `^(${text.enum.join("|")})$`,
    "x-kubernetes-int-or-string": true,
  };
}
