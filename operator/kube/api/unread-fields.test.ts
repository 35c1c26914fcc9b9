import { expect, test } from "vitest";
import { textWithout } from "./unread-fields.ts";

const cases = [
  {
    name: "a field in the middle",
    json: { metadata: { name: "a", managedFields: [{ f: {} }], uid: "u" } },
    expected: { metadata: { name: "a", uid: "u" } },
  },
  {
    name: "the last field",
    json: { metadata: { name: "a", managedFields: [{ f: { "k:{}": [] } }] }, status: {} },
    expected: { metadata: { name: "a" }, status: {} },
  },
  {
    name: "the only field",
    json: { metadata: { managedFields: [] }, status: { n: 1 } },
    expected: { metadata: {}, status: { n: 1 } },
  },
  {
    name: "the field of each item of a list",
    json: { items: [{ managedFields: [1], n: 1 }, { managedFields: [2] }] },
    expected: { items: [{ n: 1 }, {}] },
  },
  {
    name: "a field with another of the names inside",
    json: { spec: { template: { managedFields: [], spec: { n: 1 } } }, status: { n: 2 } },
    expected: { status: { n: 2 } },
  },
  {
    name: "two fields side by side",
    json: { n: 1, managedFields: [1], spec: { n: 1 } },
    expected: { n: 1 },
  },
  {
    name: "a value with brackets, quotes and backslashes in its strings",
    json: { managedFields: ['}]"\\', "é[{", '\\"]'], n: "één" },
    expected: { n: "één" },
  },
];

test.each(cases)("$name is cut", ({ json, expected }) => {
  expect(parsed(JSON.stringify(json))).toEqual(expected);
});

test.each([
  { name: "a field of that name that holds a word", json: { labels: { spec: "a" } } },
  { name: "text that looks like a field", json: { note: '{"managedFields":[1],"spec":{}}' } },
  { name: "a longer name", json: { "f:spec": { n: 1 } } },
])("$name stays", ({ json }) => {
  expect(parsed(JSON.stringify(json))).toEqual(json);
});

test("JSON that ends too early stays as it is, to be refused by the parser", () => {
  const json = '{"metadata":{"managedFields":[{"a"';
  expect(textWithout(["managedFields[]"], Buffer.from(json))).toBe(json);
});

const parsed = (json: string): unknown =>
  JSON.parse(textWithout(["managedFields[]", "spec{}"], Buffer.from(json)));
