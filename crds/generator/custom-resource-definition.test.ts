import { expect, test } from "vitest";
import { parse } from "yaml";
import { KINDS } from "../kinds.ts";
import { customResourceDefinitionYaml, fileName } from "./custom-resource-definition.ts";

/** What `kubectl apply` may keep as last-applied-configuration: the bound on all annotations of an object. */
const ANNOTATION_BYTES = 256 * 1024;

test.each(KINDS.map((kind) => ({ name: kind.names.kind, kind })))("the CRD of $name", ({ kind }) => {
  const text = customResourceDefinitionYaml(kind);
  const crd = parse(text);
  const [version] = crd.spec.versions;

  expect(customResourceDefinitionYaml(kind), "is the same text every time").toBe(text);
  expect(fileName(kind)).toBe(`mediajob.dev_${kind.names.plural}.yaml`);
  expect(crd.metadata.name).toBe(`${kind.names.plural}.mediajob.dev`);
  expect(version.subresources, "has a status and no scale subresource").toEqual({ status: {} });
  expect(Object.keys(version.schema.openAPIV3Schema.properties)).toEqual(
    expect.arrayContaining(["apiVersion", "kind", "metadata", "spec", "status"]),
  );
  expect(JSON.stringify(crd).length, "fits `kubectl apply`").toBeLessThan(ANNOTATION_BYTES);
});

test("the columns of `kubectl get mediajobs` are few; the rest is wide", () => {
  const [mediaJob] = KINDS;
  const columns = mediaJob?.columns.filter(({ priority = 0 }) => priority === 0).map(({ name }) => name);
  expect(columns).toEqual(["Phase", "Progress", "Done", "Age"]);
});
