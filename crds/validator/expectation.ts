import { closestMatch } from "leven";
import type { StructuralSchema } from "../structural-schema.ts";

/** How many letters may be wrong in a word for which another is suggested. */
const MAX_TYPOS = 3;

/** What a schema takes, in words that complete "expected …". */
export function expectation(schema: StructuralSchema): string {
  if (schema["x-kubernetes-int-or-string"])
    return `a whole number${range(schema)} or ${oneOf(wordsOf(schema))}`;
  if (schema.enum) return oneOf(schema.enum);
  switch (schema.type) {
    case "integer":
      return `a whole number${range(schema)}`;
    case "number":
      return `a number${range(schema)}`;
    case "boolean":
      return "true or false";
    case "string":
      return `a string${size(schema.minLength, schema.maxLength, "characters")}${schema.pattern ? ` that matches ${schema.pattern}` : ""}`;
    case "array":
      return `a list${size(schema.minItems, schema.maxItems, "items")}`;
    default:
      return "an object";
  }
}

/** The words that a schema takes; in an int-or-string they stand as the pattern `^(Low|High)$`. */
export function wordsOf(schema: StructuralSchema): string[] {
  if (!schema["x-kubernetes-int-or-string"]) return schema.enum ?? [];
  return schema.pattern?.slice("^(".length, -")$".length).split("|") ?? [];
}

/** A choice of words, as a sentence has it. */
export function oneOf(words: readonly string[]): string {
  return words.length === 1 ? String(words[0]) : `one of ${words.join(", ")}`;
}

/** A value as it came, short enough for one line. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length} items`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "string" && value.length > 80) return `a string of ${[...value].length} characters`;
  return JSON.stringify(value) ?? String(value);
}

/** A question that names the word which was likely meant; empty when none is near. */
export function didYouMean(word: unknown, words: readonly string[]): string {
  if (typeof word !== "string") return words.includes(String(word)) ? `; write it in quotes: "${word}"` : "";
  const sameLetters = words.find((one) => one.toLowerCase() === word.toLowerCase());
  // A short word is near to too many others.
  const maxDistance = Math.min(MAX_TYPOS, Math.floor(word.length / 2));
  const meant = sameLetters ?? closestMatch(word, words, { maxDistance });
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

/** Says why a text came as something else: YAML reads 4:4:4 as 14644, and `n` and `no` as false. */
export function unquoted(value: unknown, { type }: StructuralSchema): string {
  if (type !== "string" || (typeof value !== "number" && typeof value !== "boolean")) return "";
  return `; write it in quotes, since YAML takes it for a ${typeof value} otherwise`;
}

function range({ minimum, maximum, exclusiveMinimum }: StructuralSchema): string {
  if (minimum !== undefined && maximum !== undefined)
    return exclusiveMinimum ? ` above ${minimum} up to ${maximum}` : ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return exclusiveMinimum ? ` above ${minimum}` : ` of at least ${minimum}`;
  return maximum === undefined ? "" : ` of at most ${maximum}`;
}

function size(min: number | undefined, max: number | undefined, unit: string): string {
  if (min !== undefined && max !== undefined) return ` of ${min} to ${max} ${unit}`;
  if (max !== undefined) return ` of at most ${max} ${unit}`;
  return min === undefined ? "" : ` of at least ${min} ${unit}`;
}
