import { type CelEnv, type CelInput, celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import type { StructuralSchema } from "../structural-schema.ts";
import type { Rule } from "../validation.ts";
import { celValue } from "./cel-value.ts";
import { isObject } from "./defaults.ts";
import { fieldPath, type Steps } from "./field-path.ts";
import type { ValidationError } from "./shape.ts";

/** A value in an object: its schema, where it stands, and what stood there before an update. */
interface Place {
  schema: StructuralSchema;
  steps: Steps;
  value: unknown;
  /** Undefined when the object is new or the value was not there. */
  previous: unknown;
}

/**
 * Every CEL rule that an object breaks, and every key that a keyed list holds twice. A rule that speaks of
 * `oldSelf` is asked only where a previous value stands at the same place, as the API server does.
 */
export function ruleErrors(schema: StructuralSchema, object: unknown, previous?: unknown): ValidationError[] {
  return [...walk({ schema, steps: [], value: object, previous })].flatMap((place) => [
    ...duplicates(place),
    ...brokenRules(place),
  ]);
}

function* walk(place: Place): Generator<Place> {
  const { schema, steps, value, previous } = place;
  yield place;
  if (Array.isArray(value) && schema.items) {
    const before = previousItems(schema, previous);
    for (const [index, item] of value.entries()) {
      const previousItem = before.get(keyOf(schema, item));
      yield* walk({ schema: schema.items, steps: [...steps, index], value: item, previous: previousItem });
    }
  } else if (isObject(value)) {
    for (const [name, field] of Object.entries(value)) {
      const fieldSchema = schema.properties?.[name] ?? schema.additionalProperties;
      const previousField = isObject(previous) ? previous[name] : undefined;
      if (fieldSchema)
        yield* walk({ schema: fieldSchema, steps: [...steps, name], value: field, previous: previousField });
    }
  }
}

/** Only the items of a keyed list can be told to be the same as before. */
function previousItems(schema: StructuralSchema, previous: unknown): Map<string, unknown> {
  if (!schema["x-kubernetes-list-map-keys"] || !Array.isArray(previous)) return new Map();
  return new Map(previous.map((item) => [keyOf(schema, item), item]));
}

function keyOf({ "x-kubernetes-list-map-keys": keys = [] }: StructuralSchema, item: unknown): string {
  return JSON.stringify(keys.map((key) => (isObject(item) ? item[key] : undefined)));
}

function duplicates({ schema, steps, value }: Place): ValidationError[] {
  const type = schema["x-kubernetes-list-type"];
  if (!Array.isArray(value) || (type !== "map" && type !== "set")) return [];
  const seen = new Map<string, number>();
  const errors: ValidationError[] = [];
  for (const [index, item] of value.entries()) {
    const key = type === "map" ? keyOf(schema, item) : JSON.stringify(item);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else errors.push(duplicate(schema, { steps, item, index, first }));
  }
  return errors;
}

function duplicate(
  schema: StructuralSchema,
  { steps, item, index, first }: { steps: Steps; item: unknown; index: number; first: number },
): ValidationError {
  const [key] = schema["x-kubernetes-list-map-keys"] ?? [];
  const value = key !== undefined && isObject(item) ? item[key] : item;
  return {
    path: fieldPath(key === undefined ? [...steps, index] : [...steps, index, key]),
    message: `Duplicate value: ${JSON.stringify(value)} stands in ${fieldPath([...steps, first])} already`,
    value,
  };
}

function brokenRules({ schema, steps, value, previous }: Place): ValidationError[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  const standing = rules.filter((rule) => !isTransition(rule));
  const transitions = previous === undefined ? [] : rules.filter(isTransition);
  const place = { path: fieldPath(steps), value };
  return [
    ...ask(standing, place, () => ({ self: celValue(schema, value, { sorted: false }) })),
    ...ask(transitions, place, () => ({
      self: celValue(schema, value, { sorted: true }),
      oldSelf: celValue(schema, previous, { sorted: true }),
    })),
  ];
}

function isTransition({ rule }: Rule): boolean {
  return /\boldSelf\b/.test(rule);
}

function ask(
  rules: Rule[],
  { path, value }: { path: string; value: unknown },
  bindings: () => Record<string, CelInput>,
): ValidationError[] {
  if (rules.length === 0) return [];
  const bound = bindings();
  return rules.flatMap((rule) => {
    const answer = compiled(rule)(bound);
    if (answer === true) return [];
    const why = isCelError(answer) ? ` (${answer.message}; rule: ${rule.rule})` : "";
    return [
      {
        path: path + (rule.fieldPath ?? ""),
        message: rule.message + why,
        ...(typeof value === "object" ? {} : { value }),
      },
    ];
  });
}

type Program = ReturnType<typeof plan>;
const environment: CelEnv = celEnv({ funcs: strings });
const programs = new Map<string, Program>();

/** Rules are compiled once: a list of 10,000 sources asks each of its rules as often. */
function compiled({ rule }: Rule): Program {
  const program = programs.get(rule) ?? plan(environment, parse(rule));
  programs.set(rule, program);
  return program;
}
