import { expect, test } from "vitest";
import type { StructuralSchema } from "../structural-schema.ts";
import { celNames, celValue } from "./cel-value.ts";

const keyed: StructuralSchema = {
  type: "array",
  items: { type: "object", properties: { name: { type: "string" } } },
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"],
};

test.each([
  { name: "an integer is an int", schema: { type: "integer" }, value: 3, expected: 3n },
  { name: "a number is a double even when it is whole", schema: { type: "number" }, value: 3, expected: 3 },
  {
    name: "a number in an int-or-string is an int",
    schema: { "x-kubernetes-int-or-string": true },
    value: 80,
    expected: 80n,
  },
  {
    name: "a word in an int-or-string is a string",
    schema: { "x-kubernetes-int-or-string": true },
    value: "High",
    expected: "High",
  },
  {
    name: "a field that the schema does not name is not seen",
    schema: {
      type: "object",
      properties: { a: { type: "boolean" } },
      "x-kubernetes-preserve-unknown-fields": true,
    },
    value: { a: true, b: 1 },
    expected: new Map([["a", true]]),
  },
  {
    name: "the values of a map are seen under their own keys",
    schema: { type: "object", additionalProperties: { type: "integer" } },
    value: { "a-b": 1 },
    expected: new Map([["a-b", 1n]]),
  },
] satisfies { name: string; schema: StructuralSchema; value: unknown; expected: unknown }[])(
  "$name",
  ({ schema, value, expected }) => expect(celValue(schema, value, { sorted: false })).toEqual(expected),
);

test("a keyed list keeps its order, unless order is to mean nothing", () => {
  const items = [{ name: "b" }, { name: "a" }];
  const names = (sorted: boolean) =>
    (celValue(keyed, items, { sorted }) as Map<string, string>[]).map((item) => item.get("name"));
  expect(names(false)).toEqual(["b", "a"]);
  expect(names(true)).toEqual(["a", "b"]);
});

test.each([
  ["width", ["width"]],
  ["loop", ["loop", "__loop__"]],
  ["a-b", ["a__dash__b"]],
  ["a.b/c__d", ["a__dot__b__slash__c__underscores__d"]],
])("a rule calls the field %s %s", (field, names) => expect(celNames(field)).toEqual(names));
