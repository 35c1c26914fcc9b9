import { type CelEnv, type CelInput, celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import type { StructuralSchema } from "../structural-schema.ts";
import type { Rule } from "../validation.ts";
import { celValue } from "./cel-value.ts";
import { fieldPath } from "./field-path.ts";
import { type Place, places } from "./places.ts";
import type { ValidationError } from "./shape.ts";

/**
 * Every CEL rule that an object breaks. A rule that speaks of `oldSelf` is asked only where a previous value stands
 * at the same place, as the API server does.
 *
 * @param unsound paths of values that are of the wrong shape, or hold one that is: no rule is asked of them
 */
export function ruleErrors(
  schema: StructuralSchema,
  object: unknown,
  previous?: unknown,
  unsound: ReadonlySet<string> = new Set(),
): ValidationError[] {
  return [...places(schema, object, previous)]
    .filter(({ steps }) => unsound.size === 0 || !unsound.has(fieldPath(steps)))
    .flatMap(brokenRules);
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
