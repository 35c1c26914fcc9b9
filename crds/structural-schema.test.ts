import { expect, test } from "vitest";
import { z } from "zod";
import { structuralSchema } from "./structural-schema.ts";
import { keyedByName, validations } from "./validation.ts";

/** The schema of one field of a kind. */
function fieldOf(field: z.ZodType) {
  return structuralSchema(z.strictObject({ field })).properties?.field;
}

test.each([
  {
    name: "a closed object says nothing of additional properties",
    field: z.strictObject({ a: z.boolean() }),
    expected: { type: "object", required: ["a"], properties: { a: { type: "boolean" } } },
  },
  {
    name: "an open object preserves unknown fields",
    field: z.looseObject({}),
    expected: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
  {
    name: "a record becomes a map of its values",
    field: z.record(z.string(), z.string().max(8)).meta({ maxProperties: 4 }),
    expected: { type: "object", maxProperties: 4, additionalProperties: { type: "string", maxLength: 8 } },
  },
  {
    name: "an integer without bounds is int64, not bounded by what JavaScript holds",
    field: z.int(),
    expected: { type: "integer", format: "int64" },
  },
  {
    name: "bounds of a number stay, exclusive ones too",
    field: z.number().gt(0).max(16),
    expected: { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 16 },
  },
  {
    name: "a scalar's default is said in its description",
    field: z.enum(["A", "B"]).default("B").describe("letter to use."),
    expected: { description: "letter to use. Default B.", type: "string", default: "B", enum: ["A", "B"] },
  },
  {
    name: "a list's default is said, too",
    field: z
      .array(z.enum(["A", "B"]))
      .default(["A", "B"])
      .describe("letters, the default one first."),
    expected: {
      description: "letters, the default one first. Default [A, B].",
      type: "array",
      default: ["A", "B"],
      items: { type: "string", enum: ["A", "B"] },
    },
  },
  {
    name: "a default that the description speaks of is not said twice",
    field: z.boolean().default(false).describe("Default false; true in webm."),
    expected: { description: "Default false; true in webm.", type: "boolean", default: false },
  },
  {
    name: "an object whose fields have defaults defaults to {}, so that the API server fills them",
    field: z.strictObject({ a: z.int().min(1).max(2).default(1) }).prefault({}),
    expected: {
      type: "object",
      default: {},
      properties: { a: { type: "integer", format: "int64", default: 1, minimum: 1, maximum: 2 } },
    },
  },
  {
    name: "a minimum that is a fraction is said in CEL too, since the API server rounds it down for whole numbers",
    field: z.number().min(0.3),
    expected: {
      type: "number",
      minimum: 0.3,
      "x-kubernetes-validations": [
        { rule: "self >= 0.3", message: "should be greater than or equal to 0.3" },
      ],
    },
  },
  {
    name: "a union of a number and words is an int-or-string that keeps both bounds",
    field: z.union([z.int().min(1).max(100), z.enum(["Low", "High"])]),
    expected: {
      minimum: 1,
      maximum: 100,
      pattern: "^(Low|High)$",
      "x-kubernetes-int-or-string": true,
    },
  },
  {
    name: "a literal is an enum of one, since structural schemas have no const",
    field: z.literal("only"),
    expected: { type: "string", enum: ["only"] },
  },
  {
    name: "Kubernetes' own keywords pass through",
    field: z
      .array(z.strictObject({ name: z.string().max(9) }))
      .max(3)
      .meta({ ...keyedByName, ...validations({ rule: "size(self) != 2", message: "two is company" }) }),
    expected: {
      type: "array",
      maxItems: 3,
      items: { type: "object", required: ["name"], properties: { name: { type: "string", maxLength: 9 } } },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      "x-kubernetes-validations": [{ rule: "size(self) != 2", message: "two is company" }],
    },
  },
])("$name", ({ field, expected }) => expect(fieldOf(field)).toEqual(expected));

test.each([
  {
    name: "a union of two objects",
    field: z.union([z.strictObject({ a: z.boolean() }), z.strictObject({ b: z.boolean() })]),
    message: "field: a structural schema takes no union",
  },
  {
    name: "a union whose integer is unbounded",
    field: z.union([z.int(), z.enum(["Low"])]),
    message: "field: in a union the integer needs min and max",
  },
  {
    name: "two patterns on one string",
    field: z.string().max(9).regex(/^a/).regex(/b$/),
    message: "field: a structural schema has no allOf",
  },
  {
    name: "a keyword Kubernetes does not know",
    field: z.string().meta({ "x-kuberntes-validations": [] }),
    message: "field: a structural schema has no x-kuberntes-validations",
  },
])("$name is refused with its path", ({ field, message }) => expect(() => fieldOf(field)).toThrow(message));

test("apiVersion, kind and metadata are the API server's, whatever zod says of them", () => {
  const schema = structuralSchema(
    z.strictObject({ apiVersion: z.literal("x/v1"), kind: z.literal("X"), metadata: z.looseObject({}) }),
  );
  expect(schema.properties?.metadata).toEqual({ type: "object" });
  expect(schema.properties?.kind).not.toHaveProperty("enum");
  expect(schema.required).toEqual([]);
});
