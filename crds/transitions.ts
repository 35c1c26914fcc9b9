/** What a MediaJob's spec may become once it is there. */
import { z } from "zod";
import { type Rule, validations } from "./validation.ts";

/** Fields a user may change after creation; all others are fixed, since work is planned from them once. */
export const MUTABLE_FIELDS = [
  "suspend",
  "cancel",
  "parallelism",
  "priority",
  "retryGeneration",
  "ttlSecondsAfterFinished",
  "webhooks",
  "webhookReplayGeneration",
] as const;

/** Of a field that stays what it is. */
export const IMMUTABLE = "self == oldSelf";

/**
 * A rule of the field itself costs the API server one comparison; one of the whole spec looks each field up among all
 * of them, at every write of the status: a quarter of such a write.
 */
const immutable = (field: string): Rule => ({
  rule: IMMUTABLE,
  message: `${field} is immutable: work is planned from it once; create a new MediaJob instead`,
  reason: "FieldValueForbidden",
});

/** A field without a default may come and go, which a rule of its own would not see. */
const immutableOptional = (field: string): Rule => ({
  ...immutable(field),
  rule: `has(self.${field}) ? has(oldSelf.${field}) && self.${field} == oldSelf.${field} : !has(oldSelf.${field})`,
  fieldPath: `.${field}`,
});

const onlyRaised = (field: string): Rule => ({
  rule: "self >= oldSelf",
  message: `${field} can only be raised`,
  reason: "FieldValueInvalid",
});

/** The rules of fields that are not just immutable. */
const otherRules: Readonly<Record<string, Rule>> = {
  cancel: {
    rule: "!oldSelf || self",
    message: "cancel cannot be taken back",
    reason: "FieldValueForbidden",
  },
  retryGeneration: onlyRaised("retryGeneration"),
  webhookReplayGeneration: onlyRaised("webhookReplayGeneration"),
};

type Fields = Record<string, z.ZodType>;

const isFixed = (name: string): boolean => !(MUTABLE_FIELDS as readonly string[]).includes(name);

/** The fields of a spec, each with the rule of what it may become. */
export const withTransitionRules = <Given extends Fields>(fields: Given): Given =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const fixed = isFixed(name) && !(field instanceof z.ZodOptional);
      const rule = fixed ? immutable(name) : otherRules[name];
      if (!rule) return [name, field];
      const own = (field.meta()?.["x-kubernetes-validations"] ?? []) as Rule[];
      return [name, field.meta({ ...field.meta(), ...validations(rule, ...own) })];
    }),
  ) as Given;

/** The rules that only the spec as a whole can have. */
export const optionalTransitionRules = (fields: Fields): Rule[] =>
  Object.entries(fields)
    .filter(([name, field]) => isFixed(name) && field instanceof z.ZodOptional)
    .map(([name]) => immutableOptional(name));
