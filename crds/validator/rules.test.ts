import { expect, test } from "vitest";
import type { StructuralSchema } from "../structural-schema.ts";
import { ruleErrors } from "./rules.ts";

/** An object with one field `at`, whose schema has one rule. */
function withRule(at: StructuralSchema, rule: string): StructuralSchema {
  const rules = [{ rule, message: "broken" }];
  return { type: "object", properties: { at: { ...at, "x-kubernetes-validations": rules } } };
}

const paths = (...args: Parameters<typeof ruleErrors>) => ruleErrors(...args).map(({ path }) => path);
const counter = withRule({ type: "integer" }, "self >= oldSelf");

test.each([
  { name: "is not asked of a new object", object: { at: 1 }, previous: undefined, expected: [] },
  { name: "is not asked of a field that was not there", object: { at: 1 }, previous: {}, expected: [] },
  { name: "is asked of a field that was there", object: { at: 1 }, previous: { at: 2 }, expected: ["at"] },
])("a rule about change $name", ({ object, previous, expected }) =>
  expect(paths(counter, object, previous)).toEqual(expected),
);

test("items of a keyed list are compared with the item of the same key, wherever it stood", () => {
  const item: StructuralSchema = {
    type: "object",
    properties: { name: { type: "string" }, size: { type: "integer" } },
    "x-kubernetes-validations": [
      { rule: "self.size >= oldSelf.size", message: "shrunk", fieldPath: ".size" },
    ],
  };
  const schema: StructuralSchema = {
    type: "array",
    items: item,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  };
  const before = [
    { name: "a", size: 1 },
    { name: "b", size: 5 },
  ];
  const after = [
    { name: "b", size: 4 },
    { name: "a", size: 1 },
    { name: "c", size: 0 },
  ];
  expect(paths(schema, after, before)).toEqual(["[0].size"]);
});

test("a rule that cannot be answered is broken, and says why", () => {
  const schema = withRule({ type: "object", properties: {} }, "self.missing > 1");
  const [error] = ruleErrors(schema, { at: {} });
  expect(error?.path).toBe("at");
  expect(error?.message).toMatch(/^broken \(.*rule: self\.missing > 1\)$/);
});

test("regular expressions are RE2, as on the API server: a pattern that would backtrack for ever ends", () => {
  const schema = withRule({ type: "string" }, "self.matches('^(a+)+$')");
  expect(paths(schema, { at: `${"a".repeat(50)}b` })).toEqual(["at"]);
});
