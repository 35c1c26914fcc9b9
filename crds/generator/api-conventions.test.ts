import { expect, test } from "vitest";
import { z } from "zod";
import { structuralSchema } from "../structural-schema.ts";
import { validations } from "../validation.ts";
import { assertApiConventions } from "./api-conventions.ts";

/** Checks a kind whose spec has one field. */
function check(field: z.ZodType) {
  const spec = z.strictObject({ field }).describe("spec of the kind.");
  assertApiConventions("Kind", structuralSchema(z.strictObject({ spec }).describe("A kind for tests.")));
}

const described = "field of the spec.";
const word = z.string().max(9);

test.each([
  { name: "a bounded string", field: word.describe(described) },
  { name: "an enum, which is bounded by its words", field: z.enum(["A"]).describe(described) },
  { name: "a bounded list of bounded strings", field: z.array(word).max(3).describe(described) },
  { name: "a default, which is told", field: word.default("A").describe(described) },
  { name: "a default that is told by hand", field: word.default("A").describe("field. Default A; B in C.") },
  { name: "an empty default", field: z.array(word).max(3).default([]).describe(described) },
  {
    name: "no default, where it is told what follows",
    field: word.optional().describe("field. None when unset."),
  },
])("$name passes", ({ field }) => expect(() => check(field)).not.toThrow());

test.each([
  { name: "a field without description", field: word, problem: "spec.field: has no description" },
  {
    name: "a description that is no sentence",
    field: word.describe("the field"),
    problem: 'spec.field: its description is not a sentence that ends with a full stop: "the field"',
  },
  {
    name: "a description that tells another default",
    field: z.int().default(10).describe("field of the spec. Default 1."),
    problem: 'spec.field: its description says another default than the schema, which has "Default 10"',
  },
  {
    name: "a description that tells a default which only begins alike",
    field: z.int().default(1).describe("field of the spec. Default 1.5."),
    problem: 'which has "Default 1"',
  },
  {
    name: "a description that tells two defaults",
    field: word.default("A").describe("field of the spec. Default A. Default B."),
    problem: 'which has "Default A"',
  },
  {
    name: "a field that may be left out, of which nobody tells what follows",
    field: word.optional().describe(described),
    problem: "spec: field may be left out and has no default; say what follows when it is unset",
  },
  {
    name: "a string without bound",
    field: z.string().describe(described),
    problem: "spec.field: the string has no bound; add .max(characters)",
  },
  {
    name: "a list without bound",
    field: z.array(word).describe(described),
    problem: "spec.field: the list has no bound; add .max(items)",
  },
  {
    name: "a string without bound inside a list",
    field: z.array(z.string()).max(3).describe(described),
    problem: "spec.field[]: the string has no bound",
  },
  {
    name: "a map without bound",
    field: z.record(z.string(), word).describe(described),
    problem: "spec.field: the map has no bound; add .meta({ maxProperties })",
  },
  {
    name: "a field without description in an object in a list",
    field: z
      .array(z.strictObject({ deep: z.boolean() }).describe("An item of it."))
      .max(3)
      .describe(described),
    problem: "spec.field[].deep: has no description",
  },
  {
    name: "a pattern that RE2 does not know",
    field: z
      .string()
      .max(9)
      .regex(/^(?!\.\.)/)
      .describe(described),
    problem: "spec.field: the API server's RE2 refuses the pattern",
  },
  {
    name: "a rule that does not parse",
    field: word.meta(validations({ rule: "self ==", message: "no" })).describe(described),
    problem: 'spec.field: the CEL rule "self ==" does not parse',
  },
  {
    name: "a rule that points at a field that is not there",
    field: z
      .strictObject({ a: z.boolean().describe("a of it.") })
      .meta(validations({ rule: "self.a", message: "no", fieldPath: ".b" }))
      .describe(described),
    problem: "points at .b, which does not exist",
  },
  {
    name: "a list whose key may be missing",
    field: z
      .array(z.strictObject({ name: word.optional().describe("name of it.") }))
      .max(3)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .describe(described),
    problem: "spec.field: name is a key of the list, so it must be required or have a default",
  },
  {
    name: "a field that YAML 1.1 takes for true",
    field: z.strictObject({ y: z.boolean().describe("y of it.") }).describe(described),
    problem: "spec.field: kubectl reads y in YAML as another value",
  },
  {
    name: "a word that YAML 1.1 takes for false",
    field: z.enum(["Auto", "Off"]).describe(described),
    problem: "spec.field: kubectl reads Off in YAML as another value",
  },
])("$name is refused with its path", ({ field, problem }) => expect(() => check(field)).toThrow(problem));

test("every problem is told at once", () => {
  const field = z.strictObject({ a: word, b: z.string().describe("b of it.") });
  expect(() => check(field)).toThrow(
    /spec\.field: has no.*spec\.field\.a: has no.*spec\.field\.b: the string/s,
  );
});
