import type { StructuralSchema } from "../../../crds/structural-schema.ts";

/** A number from 0 up to 1, as Math.random gives it. */
export type Random = () => number;

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How often an optional field is set, and how often a value is wrong in itself. */
const SET = 0.25;
const WRONG = 0.03;

/** Texts of which one fits most patterns of the API. */
const TEXTS = ["a", "media", "eng", "4.0", "#ff8800", "1Gi", "https://a.test/", "{source}/{output}.{ext}"];

/**
 * Some value for a schema: mostly one that its own bounds allow, at times just outside of them or of another type,
 * so that rules between fields meet every mixture of them.
 */
export function randomValue(schema: StructuralSchema, random: Random): unknown {
  if (random() < WRONG) return pick([null, true, -1, 1.5, "", "Bogus", [], {}, 1e9], random);
  if (schema["x-kubernetes-int-or-string"]) {
    const words = schema.pattern?.slice(2, -2).split("|") ?? [];
    return pick([schema.minimum, schema.maximum, ...words], random);
  }
  if (schema.enum) return pick(schema.enum, random);
  switch (schema.type) {
    case "boolean":
      return random() < 0.5;
    case "integer":
    case "number":
      return randomNumber(schema, random);
    case "string":
      return pick(TEXTS.filter((text) => new RegExp(schema.pattern ?? "").test(text)).concat("?"), random);
    case "array":
      return Array.from({ length: Math.floor(random() * 3) }, () => randomValue(schema.items ?? {}, random));
    default:
      return randomObject(schema, random);
  }
}

/** An object with some of the fields that it may have, and nearly always those that it must. */
export function randomObject({ properties = {}, required = [] }: StructuralSchema, random: Random): object {
  const fields = Object.entries(properties).filter(
    ([name]) => random() < (required.includes(name) ? 1 - WRONG : SET),
  );
  return Object.fromEntries(fields.map(([name, field]) => [name, randomValue(field, random)]));
}

function randomNumber({ type, minimum = 0, maximum = 1000 }: StructuralSchema, random: Random): number {
  const [low, high] = [minimum, Math.min(maximum, minimum + 100)];
  const between = low + random() * (high - low);
  return pick([minimum, maximum, type === "integer" ? Math.round(between) : between], random);
}

function pick<T>(choices: readonly T[], random: Random): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
