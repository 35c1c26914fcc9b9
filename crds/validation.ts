/** One CEL rule as the Kubernetes API takes it; `self` is the object the schema describes. */
export interface Rule {
  rule: string;
  message: string;
  /** Child to which the error is attached, e.g. `.height`; the object itself when unset. */
  fieldPath?: string;
  reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired" | "FieldValueDuplicate";
}

/**
 * Marks a zod schema with CEL rules. The same text is enforced by the API server, through the generated
 * CRD, and by `mediajob validate`, through a CEL interpreter; so it must stay within standard CEL.
 */
export const validations = (...rules: Rule[]) => ({ "x-kubernetes-validations": rules });

/** A list whose items are keyed by `name`: server-side apply merges it by key, and names are unique. */
export const keyedByName = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] };

/** A rule by which exactly one of the named fields is set; one that stands alone is to have company in later versions. */
export function exactlyOneOf(...fields: string[]): Rule {
  const present = fields.map((field) => `(has(self.${field}) ? 1 : 0)`).join(" + ");
  const message =
    fields.length === 1
      ? `set ${fields[0]}, the only kind in this version`
      : `set exactly one of ${fields.join(", ")}`;
  return { rule: `${present} == 1`, message };
}
