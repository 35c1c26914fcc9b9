/**
 * Which rules the API server need not ask again. It asks every rule at every write, those of the status included, and
 * each look at a field of an object costs it a copy of all the fields that the object could have (60 for an image).
 * Measured with 1.34: the rules of one thumbnail were 40 % of what a write of its status cost the API server.
 */
import type { StructuralSchema } from "../structural-schema.ts";
import { IMMUTABLE } from "../transitions.ts";
import type { Rule } from "../validation.ts";

/** A rule as it stands in the CRD: with `optionalOldSelf` it is asked also when there was no value before. */
type WrittenRule = Rule & { optionalOldSelf?: true };

/**
 * The schema, in which the rules of what is immutable end at once where the value stood before: it held to them when
 * the object was created, and the rule of immutability sees to the rest. Items of a list without keys have no value
 * before, so their rules stay as they are.
 */
export function askedOnce(schema: StructuralSchema, within = false): StructuralSchema {
  const { "x-kubernetes-validations": rules = [], properties, items, additionalProperties } = schema;
  const fixed = within || isImmutable(schema);
  const fixedFields = Object.entries(properties ?? {}).flatMap(([name, field]) =>
    isImmutable(field) ? [name] : [],
  );
  const once = (rule: Rule) => fixed || speaksOnlyOf(fixedFields, rule);
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, field]) => [name, askedOnce(field, fixed)]),
      ),
    }),
    ...(items && { items: askedOnce(items, fixed && schema["x-kubernetes-list-type"] === "map") }),
    ...(additionalProperties && { additionalProperties: askedOnce(additionalProperties, fixed) }),
    ...(rules.length > 0 && {
      "x-kubernetes-validations": rules.map((rule) => (once(rule) ? endingAtOnce(rule) : rule)),
    }),
  };
}

const isImmutable = ({ "x-kubernetes-validations": rules = [] }: StructuralSchema): boolean =>
  rules.some(({ rule }) => rule === IMMUTABLE);

function speaksOnlyOf(fields: readonly string[], { rule }: Rule): boolean {
  const named = [...rule.matchAll(/\bself\.(\w+)/g)].map(([, field = ""]) => field);
  return named.length > 0 && named.every((field) => fields.includes(field));
}

const endingAtOnce = (rule: Rule): WrittenRule =>
  /\boldSelf\b/.test(rule.rule)
    ? rule
    : { ...rule, rule: `oldSelf.hasValue() || (${rule.rule})`, optionalOldSelf: true };
