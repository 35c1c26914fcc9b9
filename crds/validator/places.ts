import type { StructuralSchema } from "../structural-schema.ts";
import { isObject } from "./defaults.ts";
import type { Steps } from "./field-path.ts";

/** A value in an object: its schema, where it stands, and what stood there before an update. */
export interface Place {
  schema: StructuralSchema;
  steps: Steps;
  value: unknown;
  /** Undefined when the object is new or the value was not there. */
  previous: unknown;
}

/** Every value that a schema speaks of, from the outermost in; `previous` is the object before an update. */
export function places(schema: StructuralSchema, value: unknown, previous?: unknown): Generator<Place> {
  return walk({ schema, steps: [], value, previous });
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

/** What tells an item of a keyed list from the others, as text. */
export function keyOf({ "x-kubernetes-list-map-keys": keys = [] }: StructuralSchema, item: unknown): string {
  return JSON.stringify(keys.map((key) => (isObject(item) ? item[key] : undefined)));
}
