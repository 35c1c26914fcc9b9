/**
 * Leaves fields out of JSON before it is parsed. Half of a Job's or a pod's bytes say who set which field, and most of
 * the rest is what this operator wrote itself; passing over a byte costs a tenth of making objects of it and
 * collecting them again. Measured with 1,000 MediaJobs in a burst: parsing and garbage were a third of the operator's
 * CPU.
 */

/** Name of a field and the brackets of its value: `spec{}` or `containers[]`. */
export type UnreadField = `${string}[]` | `${string}{}`;

/** Who set which field. Nothing here decides by it. */
export const MANAGED_FIELDS: UnreadField = "managedFields[]";

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const isOpening = (byte: number) => byte === 0x7b || byte === 0x5b;
const isClosing = (byte: number) => byte === 0x7d || byte === 0x5d;

/**
 * The text of the JSON without these fields, at whatever depth. In a string a quote is escaped, so no text of a user is
 * taken for a field; and what is cut begins and ends between characters.
 */
export function textWithout(fields: readonly UnreadField[], json: Buffer): string {
  const cuts = fields.flatMap((field) => fieldsThatBegin(json, openingOf(field)));
  if (cuts.length === 0) return json.toString();
  if (cuts.length > 1) cuts.sort((a, b) => a.start - b.start);
  // Text by text: bytes put together again would lie outside the heap until it is next swept.
  let kept = "";
  let at = 0;
  for (const { start, end } of cuts) {
    if (start < at) continue; // within one that is cut already
    const isLast = json[end] !== COMMA;
    kept += json.toString("utf8", at, start);
    if (isLast && kept.endsWith(",")) kept = kept.slice(0, -1);
    at = isLast ? end : end + 1;
  }
  return kept + json.toString("utf8", at);
}

interface Cut {
  start: number;
  /** After its value. */
  end: number;
}

const openings = new Map<UnreadField, Buffer>();

/** As it stands in JSON, up to the first bracket. */
function openingOf(field: UnreadField): Buffer {
  const known = openings.get(field);
  if (known) return known;
  const opening = Buffer.from(`"${field.slice(0, -2)}":${field.at(-2)}`);
  openings.set(field, opening);
  return opening;
}

function fieldsThatBegin(json: Buffer, opening: Buffer): Cut[] {
  const cuts: Cut[] = [];
  for (let start = json.indexOf(opening); start >= 0; ) {
    const end = valueEnd(json, start + opening.length - 1);
    if (end === undefined) break; // cut off; the parser says so
    cuts.push({ start, end });
    start = json.indexOf(opening, end);
  }
  return cuts;
}

/** Where the object or list that begins at `start` ends. */
function valueEnd(json: Buffer, start: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < json.length; at++) {
    const byte = json[at] as number;
    if (quoted) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (isOpening(byte)) depth++;
    else if (isClosing(byte) && --depth === 0) return at + 1;
  }
  return undefined;
}
