import { isCelError, run } from "@bufbuild/cel";
import { defaultInWords, type StructuralSchema } from "../structural-schema.ts";

/** One way in which a field falls short, as a sentence that says how to mend it. */
type Check = (schema: StructuralSchema, path: string) => string | undefined;

/**
 * Every field is described and every size is bounded: `kubectl explain` must answer for each, and the API
 * server charges a CEL rule by the largest object that the schema lets through.
 */
const CHECKS: Check[] = [
  described,
  defaultTold,
  unsetTold,
  listBounded,
  stringBounded,
  mapBounded,
  patternRunsOnTheServer,
  rulesRunOnTheServer,
  ruleFieldsExist,
  listKeysAlwaysThere,
  namesStayText,
];

/** Throws with the path of every field of a kind's schema that breaks a convention, one line each. */
export function assertApiConventions(kind: string, root: StructuralSchema): void {
  const problems = [...walk(root, "")].flatMap(([path, schema]) =>
    CHECKS.map((check) => check(schema, path))
      .filter((problem) => problem !== undefined)
      .map((problem) => `${path || kind}: ${problem}`),
  );
  if (problems.length > 0)
    throw new Error(`the schema of ${kind} breaks the API conventions:\n  ${problems.join("\n  ")}`);
}

/** Each schema with its path, e.g. `spec.outputs[].image.width`; `metadata` is Kubernetes' own. */
function* walk(schema: StructuralSchema, path: string): Generator<[string, StructuralSchema]> {
  yield [path, schema];
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    if (path || name !== "metadata") yield* walk(property, path ? `${path}.${name}` : name);
  if (schema.items) yield* walk({ description: "An item.", ...schema.items }, `${path}[]`);
  if (schema.additionalProperties)
    yield* walk({ description: "A value.", ...schema.additionalProperties }, `${path}{}`);
}

function described({ description }: StructuralSchema): string | undefined {
  if (!description)
    return "has no description; add .describe() with a sentence, its unit and what unset means";
  if (!/\S+ .*[.!?]$/s.test(description))
    return `its description is not a sentence that ends with a full stop: "${description}"`;
  return undefined;
}

/** A field whose default is said by hand, since it depends on others, must not say another. */
function defaultTold({ default: value, description = "" }: StructuralSchema): string | undefined {
  const words = defaultInWords(value);
  if (words === undefined) return undefined;
  const [, ...told] = description.split(/(?=\bDefault )/);
  const [first = "", ...more] = told;
  const isTold = first.startsWith(words) && !/^(\w|\.\d)/.test(first.slice(words.length));
  return isTold && more.length === 0
    ? undefined
    : `its description says another default than the schema, which has "${words}": "${description}"`;
}

/** Of an object its fields tell; a status is left out where there is nothing to tell. */
function unsetTold({ properties = {}, required = [] }: StructuralSchema, path: string): string | undefined {
  if (path !== "spec" && !path.startsWith("spec.")) return undefined;
  const silent = Object.entries(properties).find(
    ([name, { type, default: value, description = "" }]) =>
      type !== "object" &&
      value === undefined &&
      !required.includes(name) &&
      !/\b(Default|unset|not available)\b/.test(description),
  );
  return silent && `${silent[0]} may be left out and has no default; say what follows when it is unset`;
}

function listBounded({ type, maxItems }: StructuralSchema): string | undefined {
  return type === "array" && maxItems === undefined ? "the list has no bound; add .max(items)" : undefined;
}

function stringBounded({ type, maxLength, enum: words }: StructuralSchema): string | undefined {
  return type === "string" && maxLength === undefined && !words
    ? "the string has no bound; add .max(characters)"
    : undefined;
}

function mapBounded({ additionalProperties, maxProperties }: StructuralSchema): string | undefined {
  return additionalProperties && maxProperties === undefined
    ? "the map has no bound; add .meta({ maxProperties })"
    : undefined;
}

/** The API server matches with RE2, which has no lookaround and no back-references. */
function patternRunsOnTheServer({ pattern }: StructuralSchema): string | undefined {
  if (pattern === undefined) return undefined;
  const matched = run("''.matches(pattern)", { pattern });
  return isCelError(matched) ? `the API server's RE2 refuses the pattern ${pattern}: ${matched}` : undefined;
}

function rulesRunOnTheServer({
  "x-kubernetes-validations": rules = [],
}: StructuralSchema): string | undefined {
  for (const { rule, message } of rules) {
    // Only the syntax: what the rule says is answered by the API server's own type check.
    const parsed = run(`true || (${rule})`, {});
    if (isCelError(parsed)) return `the CEL rule "${rule}" does not parse: ${parsed}`;
    if (/\n/.test(rule) || /\n/.test(message)) return `the CEL rule "${rule}" must be one line`;
  }
  return undefined;
}

function ruleFieldsExist({
  properties = {},
  "x-kubernetes-validations": rules = [],
}: StructuralSchema): string | undefined {
  const lost = rules.find(({ fieldPath }) => {
    if (!fieldPath) return false;
    let at: StructuralSchema | undefined = { properties };
    for (const name of fieldPath.split(".").slice(1)) at = at?.properties?.[name];
    return at === undefined;
  });
  return lost && `the CEL rule "${lost.rule}" points at ${lost.fieldPath}, which does not exist`;
}

/** An item without its key could not be told from its neighbours. */
function listKeysAlwaysThere(schema: StructuralSchema): string | undefined {
  const { items, "x-kubernetes-list-map-keys": keys = [] } = schema;
  const loose = keys.find(
    (key) => !items?.required?.includes(key) && items?.properties?.[key]?.default === undefined,
  );
  return loose && `${loose} is a key of the list, so it must be required or have a default`;
}

/** Words that are no text in YAML 1.1, which kubectl reads: `y: 5` reaches the API server as `"true": 5`. */
const YAML_WORDS = /^(y|n|yes|no|on|off|true|false|null|~)$/i;

/** A status is written by programs, as JSON; and its conditions are True or False by the conventions. */
function namesStayText(
  { properties = {}, enum: words = [] }: StructuralSchema,
  path: string,
): string | undefined {
  if (path.startsWith("status.")) return undefined;
  const strange = [...Object.keys(properties), ...words].find((word) => YAML_WORDS.test(word));
  return (
    strange && `kubectl reads ${strange} in YAML as another value, not as this text; choose another word`
  );
}
