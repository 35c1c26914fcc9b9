import { type HeifFile, type HeifItem, type HeifProperty, StrangeHeif } from "./heif-items.ts";

/** More items than that do not go by numbers of two bytes. */
const MOST_ITEMS = 0xffff;
/** More properties than that do not go by numbers of 15 bits. */
const MOST_PROPERTIES = 0x7fff;

/**
 * A HEIF file of these items and no others: its kind, the tables, and what the items hold, one after the other.
 *
 * @throws StrangeHeif where they are too many or too large, or refer to one that is not there.
 */
export function writeHeif({ brands, primary, items }: HeifFile): Buffer {
  if (items.length > MOST_ITEMS) throw new StrangeHeif(`${items.length} items`);
  const numbers = new Map(items.map(({ id }, index) => [id, index + 1]));
  const numberOf = (id: number): Buffer => {
    const number = numbers.get(id);
    if (number === undefined) throw new StrangeHeif(`no item ${id}`);
    return uint(2, number);
  };
  const [major = "", ...others] = brands;
  const kind = box("ftyp", letters(major), uint(4, 0), ...others.map(letters));
  const metaWith = (places: Buffer) =>
    fullBox(
      { type: "meta" },
      fullBox({ type: "hdlr" }, uint(4, 0), letters("pict"), Buffer.alloc(13)),
      fullBox({ type: "pitm" }, numberOf(primary)),
      places,
      fullBox({ type: "iinf" }, uint(2, items.length), ...items.map((item) => info(item, numberOf))),
      ...references(items, numberOf),
      propertiesOf(items),
    );
  const [starts, contents] = laidOut(items);
  const before = kind.length + metaWith(places(items, starts, 0)).length + HEAD_BYTES;
  const meta = metaWith(places(items, starts, before));
  // In one go: what is coded may be large.
  return Buffer.concat([kind, meta, boxHead("mdat", contents), ...contents]);
}

/** Where among all contents each item's begins, and these: a part that items share is there once. */
function laidOut(items: readonly HeifItem[]): [starts: number[], contents: Buffer[]] {
  const known = new Map<Buffer, number>();
  const contents: Buffer[] = [];
  let end = 0;
  const starts = items.map(({ parts }) => {
    const [only] = parts.length === 1 ? parts : [];
    const start = (only && known.get(only)) ?? end;
    if (start < end) return start;
    if (only) known.set(only, start);
    contents.push(...parts);
    end += lengthOf(parts);
    return start;
  });
  return [starts, contents];
}

const lengthOf = (parts: readonly Buffer[]): number => parts.reduce((sum, { length }) => sum + length, 0);

/** A box begins with its length and four letters. */
const HEAD_BYTES = 8;

const letters = (text: string) => Buffer.from(text, "latin1");

function uint(bytes: number, value: number): Buffer {
  if (value >= 2 ** (8 * bytes)) throw new StrangeHeif(`${value} does not go by ${bytes} bytes`);
  const made = Buffer.alloc(bytes);
  made.writeUIntBE(value, 0, bytes);
  return made;
}

const box = (type: string, ...parts: Buffer[]): Buffer => Buffer.concat([boxHead(type, parts), ...parts]);

const boxHead = (type: string, parts: readonly Buffer[]): Buffer =>
  Buffer.concat([uint(4, HEAD_BYTES + lengthOf(parts)), letters(type)]);

const fullBox = (
  { type, version = 0, flags = 0 }: { type: string; version?: number; flags?: number },
  ...parts: Buffer[]
): Buffer => box(type, uint(1, version), uint(3, flags), ...parts);

/** One part each, by offsets into the file and lengths of four bytes. */
function places(items: readonly HeifItem[], starts: readonly number[], before: number): Buffer {
  const each = items.map(({ parts }, index) => {
    const at = before + (starts[index] ?? 0);
    return Buffer.concat([uint(2, index + 1), uint(2, 0), uint(2, 1), uint(4, at), uint(4, lengthOf(parts))]);
  });
  return fullBox({ type: "iloc" }, uint(2, 0x4400), uint(2, items.length), ...each);
}

/** Without a name. */
const info = ({ id, type, mime, isHidden }: HeifItem, numberOf: (id: number) => Buffer): Buffer =>
  fullBox(
    { type: "infe", version: 2, flags: isHidden ? 1 : 0 },
    ...[numberOf(id), uint(2, 0), letters(type), uint(1, 0), mime],
  );

function references(items: readonly HeifItem[], numberOf: (id: number) => Buffer): Buffer[] {
  const all = items.flatMap(({ id, references }) =>
    references.map(({ type, to }) =>
      box(type, numberOf(id), uint(2, to.length), ...to.map((each) => numberOf(each))),
    ),
  );
  return all.length > 0 ? [fullBox({ type: "iref" }, ...all)] : [];
}

/** Those that are alike are one, which items share. */
function propertiesOf(items: readonly HeifItem[]): Buffer {
  const made = new Map<string, { number: number; bytes: Buffer }>();
  const numberOf = ({ type, content }: HeifProperty): number => {
    const bytes = box(type, content);
    const key = bytes.toString("latin1");
    const known = made.get(key) ?? { number: made.size + 1, bytes };
    made.set(key, known);
    return known.number;
  };
  const withAny = items.filter(({ properties }) => properties.length > 0);
  const index = new Map(items.map((item, at) => [item, at + 1]));
  const entries = withAny.map((item) => {
    const own = item.properties.map((each) => uint(2, numberOf(each) | (each.isEssential ? 0x8000 : 0)));
    return Buffer.concat([uint(2, index.get(item) ?? 0), uint(1, own.length), ...own]);
  });
  if (made.size > MOST_PROPERTIES) throw new StrangeHeif(`${made.size} properties`);
  const container = box("ipco", ...[...made.values()].map(({ bytes }) => bytes));
  return box("iprp", container, fullBox({ type: "ipma", flags: 1 }, uint(4, withAny.length), ...entries));
}
