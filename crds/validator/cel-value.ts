import type { CelInput } from "@bufbuild/cel";
import type { StructuralSchema } from "../structural-schema.ts";
import { isObject } from "./defaults.ts";

/** Words that CEL keeps for itself. A rule may write `self.__loop__` for such a field, or `self.loop` where CEL can. */
const RESERVED = new Set(
  (
    "true false null in as break const continue else for function if import let loop package namespace " +
    "return var void while"
  ).split(" "),
);

/**
 * A value as a CEL rule sees it: whole numbers as int where the schema says integer, else as double; fields
 * under the names by which Kubernetes lets rules call them. With `sorted`, lists that have no order (maps and
 * sets) are put in the order of their keys, so that `==` finds them equal however they were written.
 */
export function celValue(
  schema: StructuralSchema,
  value: unknown,
  { sorted }: { sorted: boolean },
): CelInput {
  if (typeof value === "number") {
    const isInt = schema.type === "integer" || schema["x-kubernetes-int-or-string"];
    return isInt && Number.isInteger(value) ? BigInt(value) : value;
  }
  if (Array.isArray(value)) {
    const items = sorted ? inKeyOrder(schema, value) : value;
    return items.map((item) => celValue(schema.items ?? {}, item, { sorted }));
  }
  if (isObject(value)) {
    const { properties = {}, additionalProperties } = schema;
    // A rule sees what the schema names, never what is preserved beside it.
    const seen = Object.entries(value).flatMap(([name, field]): [string, CelInput][] => {
      const property = properties[name];
      if (property) {
        const seenAs = celValue(property, field, { sorted });
        return celNames(name).map((celName) => [celName, seenAs]);
      }
      return additionalProperties ? [[name, celValue(additionalProperties, field, { sorted })]] : [];
    });
    return new Map(seen);
  }
  return value as string | boolean | null;
}

/**
 * The names by which a rule may call a field: as the Kubernetes documentation on property names in CEL has it, and
 * for reserved words the plain one as well, which kube-apiserver 1.34 takes too.
 */
export function celNames(name: string): string[] {
  if (RESERVED.has(name)) return [name, `__${name}__`];
  return [
    name
      .replaceAll("__", "__underscores__")
      .replaceAll(".", "__dot__")
      .replaceAll("-", "__dash__")
      .replaceAll("/", "__slash__"),
  ];
}

function inKeyOrder(schema: StructuralSchema, items: readonly unknown[]): readonly unknown[] {
  const type = schema["x-kubernetes-list-type"];
  if (type !== "map" && type !== "set") return items;
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const keyed = items.map((item) => {
    const key = isObject(item) ? keys.map((name) => item[name]) : item;
    return { key: JSON.stringify(key), item };
  });
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ item }) => item);
}
