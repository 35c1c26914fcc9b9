import { type CelEnv, type CelInput, celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import type { StructuralSchema } from "../structural-schema.ts";
import type { Rule } from "../validation.ts";
import { celValue } from "./cel-value.ts";
import { fieldPath, pathsTo, type Steps } from "./field-path.ts";
import { type Place, places } from "./places.ts";
import type { ValidationError } from "./shape.ts";

/**
 * Every CEL rule that an object breaks. A rule that speaks of `oldSelf` is asked only where a previous value stands
 * at the same place, as the API server does.
 *
 * @param wrong paths of values that are of the wrong shape: no rule is asked that reads one of them
 */
export function ruleErrors(
  schema: StructuralSchema,
  object: unknown,
  previous?: unknown,
  wrong: ReadonlySet<string> = new Set(),
): ValidationError[] {
  const unsound = new Set([...wrong].flatMap(pathsTo));
  return [...places(schema, object, previous)].flatMap((place) => brokenRules(place, { wrong, unsound }));
}

interface Faults {
  wrong: ReadonlySet<string>;
  /** These, and all that they lie in. */
  unsound: ReadonlySet<string>;
}

function brokenRules({ schema, steps, value, previous }: Place, faults: Faults): ValidationError[] {
  const rules = (schema["x-kubernetes-validations"] ?? []).filter((rule) => readsSound(rule, steps, faults));
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

/** `self` and the fields below it that a rule names, within which macro or function, and whether a call ends them. */
const READING = /(?:\b(has|size)\()?\bself\b((?:\.\w+)*)(\()?/g;

/** Whether nothing is wrong in what a rule reads. Of what it only counts, or asks for, nothing inside counts. */
function readsSound({ rule }: Rule, steps: Steps, { wrong, unsound }: Faults): boolean {
  if (!unsound.has(fieldPath(steps))) return true;
  return [...rule.matchAll(READING)].every(([, within, chain = "", call]) => {
    const names = chain.split(".").slice(1, call ? -1 : undefined);
    const paths = [...names.keys(), names.length].map((depth) =>
      fieldPath([...steps, ...names.slice(0, depth)]),
    );
    const [last = ""] = paths.slice(-1);
    if (within === "has") paths.pop();
    return paths.every((path) => !wrong.has(path)) && (within !== undefined || !unsound.has(last));
  });
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
