import { expect, test } from "vitest";
import { defaultConfiguration } from "../core/configuration.ts";
import { configurationOf } from "./pools-file.ts";

test.each([
  { name: "the operator's configuration", text: "pools:\n  - { name: cpu }\n", pools: ["cpu"] },
  { name: "its list of pools", text: "- { name: cpu }\n- { name: gpu }\n", pools: ["cpu", "gpu"] },
  {
    name: "the chart's values",
    text: "replicas: 2\nworker: { image: { tag: x } }\nconfig: { pools: [{ name: cpu }] }\n",
    pools: ["cpu"],
  },
  { name: "the chart's values with nothing of it", text: "config: {}\n", pools: ["default"] },
])("pools are taken from $name", ({ text, pools }) => {
  expect(configurationOf(text, "pools.yaml").pools.map(({ name }) => name)).toEqual(pools);
});

test("what a file leaves out has the operator's default", () => {
  expect(configurationOf("concurrency: 7\n", "pools.yaml")).toEqual({
    ...defaultConfiguration(),
    concurrency: 7,
  });
});

test.each([
  { name: "is not YAML", text: "pools:\n  - { name: cpu\n", says: "--pools pools.yaml:3:1: Flow map" },
  {
    name: "names an alias of nothing",
    text: "pools: *all\n",
    says: "--pools pools.yaml:1: Unresolved alias",
  },
  {
    name: "is empty",
    text: "# nothing\n",
    says: "--pools pools.yaml: holds no documents; expected one with",
  },
  {
    name: "holds two",
    text: "a: 1\n---\nb: 1\n",
    says: "--pools pools.yaml: holds 2 documents; expected one",
  },
  { name: "has an unknown field", text: "pool: 1\n", says: 'Unrecognized key: "pool"' },
])("a file that $name is refused, and where", ({ text, says }) => {
  expect(() => configurationOf(text, "pools.yaml")).toThrow(says);
});
