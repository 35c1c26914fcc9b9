import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isCollection, isMap, type Pair, parseDocument, type Scalar } from "yaml";
import { z } from "zod";
import { configuration } from "../../operator/core/configuration.ts";
import { chart, render } from "./chart.ts";

const chartFile = (name: string) => readFileSync(join(chart, name), "utf8");

test.each([
  { name: "a misspelt value", values: { replica: 2 }, message: "'replica' not allowed" },
  { name: "a tag that is a path", values: { image: { tag: "a/b" } }, message: "/image/tag" },
  { name: "a misspelt configuration field", values: { config: { concurency: 3 } }, message: "'concurency'" },
  { name: "a pool without a name", values: { config: { pools: [{}] } }, message: "/config/pools/0" },
  {
    name: "a volume that is mounted nowhere",
    values: { extraVolumeMounts: [{ name: "ca" }] },
    message: "/extraVolumeMounts/0",
  },
  {
    name: "a label by which the Deployment and the Service find their pods",
    values: { commonLabels: { "app.kubernetes.io/name": "media" } },
    message: "/commonLabels",
  },
  {
    name: "the same of the pods alone",
    values: { podLabels: { "app.kubernetes.io/instance": "media" } },
    message: "/podLabels",
  },
  { name: "a section that was emptied", values: { worker: null }, message: "'worker'" },
  { name: "a port that is none", values: { service: { port: 0 } }, message: "/service/port" },
  {
    name: "somebody else's service account without its name",
    values: { serviceAccount: { create: false } },
    message: "serviceAccount.name must be set",
  },
])("$name is refused", async ({ values, message }) => {
  await expect(render(values)).rejects.toThrow(message);
});

test("the schema of `config` is the operator's own; vitest's --update writes it anew", async () => {
  const { $schema: _, ...own } = z.toJSONSchema(configuration, {
    target: "draft-7",
    io: "input",
    override: ({ jsonSchema }) => {
      // Words to the API server, which Helm does not know; the patterns beside them hold for both.
      for (const key of Object.keys(jsonSchema)) if (key.startsWith("x-kubernetes-")) delete jsonSchema[key];
    },
  });
  const schema = JSON.parse(chartFile("values.schema.json"));
  schema.properties.config = own;
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(join(chart, "values.schema.json"));
});

test("every value has a sentence above it, a place in the schema and a row in the README", () => {
  const schema = JSON.parse(chartFile("values.schema.json"));
  const readme = chartFile("README.md");
  const lacking = values().flatMap(({ path, comment }) => [
    ...(comment ? [] : [`${path}: a comment in values.yaml`]),
    ...(path.split(".").reduce((node, key) => node?.properties?.[key], schema) ? [] : [`${path}: a schema`]),
    ...(readme.includes(`\n| \`${path}\` |`) ? [] : [`${path}: a row in README.md`]),
  ]);
  expect(lacking).toEqual([]);
});

interface Value {
  /** Dotted, as for helm's --set. */
  readonly path: string;
  readonly comment: string | null | undefined;
}

/** Maps and lists that are one value, in a shape of Kubernetes' own. */
const wholes = new Set(["resources", "podSecurityContext", "securityContext", "networkPolicy.metricsFrom"]);

/** The values of values.yaml, each with the comment above it. */
function values(
  node: unknown = parseDocument(chartFile("values.yaml")).contents,
  parents: string[] = [],
): Value[] {
  if (!isMap<Scalar<string>>(node)) throw new Error(`${parents.join(".") || "values.yaml"} is not a map`);
  return node.items.flatMap(({ key, value }: Pair<Scalar<string>>, index) => {
    const path = [...parents, key.value];
    const isSection = isCollection(value) && value.items.length > 0 && !value.flow;
    if (isSection && !wholes.has(path.join("."))) return values(value, path);
    // The parser gives a map the comment of its first key.
    return { path: path.join("."), comment: key.commentBefore ?? (index === 0 ? node.commentBefore : null) };
  });
}
