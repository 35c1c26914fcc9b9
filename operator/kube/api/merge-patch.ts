/**
 * The RFC 7386 merge patch that turns `from` into `to`, both plain JSON objects; undefined when they are
 * equal. A field that is gone becomes null, a list is replaced whole.
 */
export function mergePatchOf(from: object, to: object): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  const [before, after] = [from as Record<string, unknown>, to as Record<string, unknown>];
  for (const key of Object.keys({ ...before, ...after })) {
    const [old, wanted] = [before[key], after[key]];
    if (old === wanted) continue; // much of a status is taken over as it was
    if (wanted === undefined) {
      if (old !== undefined) patch[key] = null;
    } else if (isPlainObject(old) && isPlainObject(wanted)) {
      const nested = mergePatchOf(old, wanted);
      if (nested) patch[key] = nested;
    } else if (!isSame(old, wanted)) {
      patch[key] = wanted;
    }
  }
  return Object.keys(patch).length ? patch : undefined;
}

/** Whatever the order of fields: the API server gives those of a custom resource back by the alphabet. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  }
  return isPlainObject(a) && isPlainObject(b) && !mergePatchOf(a, b);
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
