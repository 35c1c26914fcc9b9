import { expect, test } from "vitest";
import type { StructuralSchema } from "../structural-schema.ts";
import { IMMUTABLE } from "../transitions.ts";
import { askedOnce } from "./asked-once.ts";

const asking = (rule: string) => ({ rule, message: "no" });
const immutable = asking(IMMUTABLE);
const even = asking("self % 2 == 0");
const evenOnce = { rule: "oldSelf.hasValue() || (self % 2 == 0)", message: "no", optionalOldSelf: true };

test.each<{ name: string; schema: StructuralSchema; asked: StructuralSchema }>([
  {
    name: "a rule beside that of immutability is asked once",
    schema: { "x-kubernetes-validations": [immutable, even] },
    asked: { "x-kubernetes-validations": [immutable, evenOnce as typeof even] },
  },
  {
    name: "a rule of what may change is asked each time",
    schema: { properties: { n: { "x-kubernetes-validations": [even] } } },
    asked: { properties: { n: { "x-kubernetes-validations": [even] } } },
  },
  {
    name: "so is a rule below what is immutable asked once, through objects, maps and keyed lists",
    schema: {
      "x-kubernetes-validations": [immutable],
      "x-kubernetes-list-type": "map",
      items: { additionalProperties: { properties: { n: { "x-kubernetes-validations": [even] } } } },
    },
    asked: {
      "x-kubernetes-validations": [immutable],
      "x-kubernetes-list-type": "map",
      items: {
        additionalProperties: {
          properties: { n: { "x-kubernetes-validations": [evenOnce as typeof even] } },
        },
      },
    },
  },
  {
    name: "items without keys have no value before, so their rules are asked each time",
    schema: { "x-kubernetes-validations": [immutable], items: { "x-kubernetes-validations": [even] } },
    asked: { "x-kubernetes-validations": [immutable], items: { "x-kubernetes-validations": [even] } },
  },
  {
    name: "a rule about immutable fields alone is asked once, another each time",
    schema: {
      properties: { a: { "x-kubernetes-validations": [immutable] }, b: {} },
      "x-kubernetes-validations": [asking("self.a > 1"), asking("self.a > self.b")],
    },
    asked: {
      properties: { a: { "x-kubernetes-validations": [immutable] }, b: {} },
      "x-kubernetes-validations": [
        { ...evenOnce, rule: "oldSelf.hasValue() || (self.a > 1)" } as typeof even,
        asking("self.a > self.b"),
      ],
    },
  },
])("$name", ({ schema, asked }) => expect(askedOnce(schema)).toEqual(asked));
