import type { z } from "zod";
import type { StructuralSchema } from "../structural-schema.ts";
import { didYouMean, expectation, oneOf, shown, unquoted, wordsOf } from "./expectation.ts";
import { fieldPath, type Steps, schemaAt, valueAt } from "./field-path.ts";

/** What is wrong with one field. */
export interface ValidationError {
  /** Field path as the API server writes it, e.g. `spec.outputs[1].image.width`. */
  path: string;
  /** What was expected and what came. */
  message: string;
  /** What came, where it is a scalar. */
  value?: unknown;
  /** The API server tells it only once what is wrong otherwise has been mended. */
  later?: true;
}

/** A field of the wrong shape. */
export interface ShapeError extends ValidationError {
  /** The value is not even of the right type or size, so rules about it would say nothing of worth. */
  blocking: boolean;
}

/** The kind of an object, both as zod and as the API server see it. */
export interface Shape {
  schema: StructuralSchema;
  zod: z.ZodType;
}

/** Every field of an object that is unknown, missing, of the wrong type or out of bounds. */
export function shapeErrors({ schema, zod }: Shape, object: unknown): ShapeError[] {
  const parsed = zod.safeParse(object);
  if (parsed.success) return [];
  return parsed.error.issues
    .filter((issue) => !fitsInCharacters(issue, valueAt(object, issue.path)))
    .flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownField(schema, issue.path, key))
        : [wrongField(schema, issue, valueAt(object, issue.path))],
    );
}

function unknownField(root: StructuralSchema, steps: Steps, key: string): ShapeError {
  const known = Object.keys(schemaAt(root, steps)?.properties ?? {});
  const parent = fieldPath(steps) || "the object";
  return {
    path: fieldPath([...steps, key]),
    message: `unknown field${didYouMean(key, known) || `; ${parent} takes ${known.join(", ") || "no fields"}`}`,
    blocking: false,
  };
}

function wrongField(root: StructuralSchema, issue: z.core.$ZodIssue, value: unknown): ShapeError {
  const path = fieldPath(issue.path);
  const schema = schemaAt(root, issue.path);
  const expected = `expected ${expectedBy(issue, schema)}`;
  if (value === undefined) return { path, message: `required: ${expected}`, blocking: true };
  const came = issue.code === "invalid_key" ? issue.path.at(-1) : value;
  const hint = schema ? didYouMean(value, wordsOf(schema)) || unquoted(value, schema) : "";
  return {
    path,
    message: `${expected}, got ${shown(came)}${hint}`,
    ...(typeof value === "object" ? {} : { value }),
    blocking: isBlocking(issue, value),
  };
}

/** The whole of what a field takes, which says more than the one bound that was missed. */
function expectedBy(issue: z.core.$ZodIssue, schema: StructuralSchema | undefined): string {
  if (issue.code === "invalid_value") return oneOf(issue.values.map(String));
  if (schema && Object.keys(schema).length > 0) return expectation(schema);
  if (issue.code === "invalid_type") return `a value of type ${issue.expected}`;
  return issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
}

/**
 * The API server checks no rules of an object in which a value is missing, of the wrong type or word, or too long;
 * of one that is out of bounds or does not match its pattern it does.
 */
function isBlocking(issue: z.core.$ZodIssue, value: unknown): boolean {
  if (issue.code === "too_big") return issue.origin === "string" || issue.origin === "array";
  if (issue.code === "invalid_union") return typeof value !== "string" && !Number.isInteger(value);
  return issue.code === "invalid_type" || issue.code === "invalid_value";
}

/** zod counts a string's UTF-16 units, the API server its characters: an emoji is two against one. */
function fitsInCharacters(issue: z.core.$ZodIssue, value: unknown): boolean {
  return issue.code === "too_big" && typeof value === "string" && [...value].length <= Number(issue.maximum);
}
