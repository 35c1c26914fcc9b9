import { expect, test } from "vitest";
import type { StructuralSchema } from "../structural-schema.ts";
import { withDefaults } from "./defaults.ts";

const schema: StructuralSchema = {
  type: "object",
  properties: {
    size: { type: "integer", default: 8 },
    label: { type: "string" },
    nothing: { type: "string", nullable: true, default: "x" },
    retry: {
      type: "object",
      default: {},
      properties: { times: { type: "integer", default: 3 } },
    },
    list: {
      type: "array",
      items: { type: "object", properties: { on: { type: "boolean", default: false } } },
    },
  },
};
const untouched = { size: 8, nothing: "x", retry: { times: 3 } };

test.each([
  {
    name: "missing fields take their defaults, and defaults inside those too",
    value: {},
    expected: untouched,
  },
  { name: "zero and false are values", value: { size: 0 }, expected: { ...untouched, size: 0 } },
  { name: "null takes the default", value: { size: null }, expected: untouched },
  { name: "null without a default is dropped", value: { label: null }, expected: untouched },
  {
    name: "null stays where it is a value",
    value: { nothing: null },
    expected: { ...untouched, nothing: null },
  },
  {
    name: "items of lists are filled, and no items are made up",
    value: { list: [{}, { on: true }] },
    expected: { ...untouched, list: [{ on: false }, { on: true }] },
  },
  {
    name: "null in a list stays, since dropping it would move the others",
    value: { list: [null] },
    expected: { ...untouched, list: [null] },
  },
  {
    name: "a field that is unknown stays, for the validation to name it",
    value: { sise: null },
    expected: { ...untouched, sise: null },
  },
])("$name", ({ value, expected }) => expect(withDefaults(schema, value)).toEqual(expected));

test("a default is copied, so that no two objects share it", () => {
  const [one, two] = [withDefaults(schema, {}), withDefaults(schema, {})] as { retry: object }[];
  expect(one?.retry).not.toBe(two?.retry);
  expect(schema.properties?.retry?.default).toEqual({});
});
