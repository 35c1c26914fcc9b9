/**
 * The items of a HEIF file, of which AVIF is a kind: pictures, what they are put together from, and their metadata, told by
 * a table of offsets into the file (ISO 14496-12, 8.11; ISO 23008-12).
 */
export interface HeifItem {
  id: number;
  /** Four letters: `av01`, `grid`, `Exif`, `mime`, … */
  type: string;
  /** Of a `mime` item, its content type and, where it is coded, how: each ends with a zero. */
  mime: Buffer;
  /** It is no picture to be shown by itself. */
  isHidden: boolean;
  properties: HeifProperty[];
  /** What it refers to, by the kind of reference: `dimg`, `auxl`, `cdsc`, … */
  references: { type: string; to: number[] }[];
  /** What it holds is these parts of the file, one after the other. What items share is one and the same. */
  parts: Buffer[];
}

export interface HeifProperty {
  /** Four letters: `ispe`, `colr`, `irot`, … */
  type: string;
  /** Whoever does not know it is not to show the item. */
  isEssential: boolean;
  content: Buffer;
}

export interface HeifFile {
  /** Four letters each, without zeros. */
  brands: string[];
  /** The id of the picture that is shown. */
  primary: number;
  items: HeifItem[];
}

/** The boxes of a file do not add up, or lay out items in a way that is not read here. */
export class StrangeHeif extends Error {
  override readonly name = "StrangeHeif";
}

/** Of all tables. Reading more would take seconds, and no camera or program writes as much. */
const MOST_BYTES = 2 ** 22;

/** @throws StrangeHeif */
export function readHeif(file: Buffer): HeifFile {
  const top = boxesOf(file, { isFile: true });
  const brands = new Fields(needed(top, "ftyp"));
  const major = brands.letters();
  brands.skip(4); // the minor version
  const tables = needed(top, "meta");
  if (tables.length > MOST_BYTES) throw new StrangeHeif(`tables of ${tables.length} bytes`);
  const meta = boxesOf(new Fields(tables).afterVersion());
  const contents = new Map(readPlaces(needed(meta, "iloc"), { file, idat: found(meta, "idat") }));
  const properties = readProperties(needed(meta, "iprp"));
  const iref = found(meta, "iref");
  const references = iref && readReferences(iref);
  const items = readInfos(needed(meta, "iinf")).map((info) => ({
    ...info,
    properties: properties.get(info.id) ?? [],
    references: references?.get(info.id) ?? [],
    parts: contents.get(info.id) ?? [],
  }));
  const primary = new Fields(needed(meta, "pitm"));
  const isShort = primary.version() === 0;
  return {
    brands: [major, ...brands.rest((fields) => fields.letters())],
    primary: primary.number(isShort ? 2 : 4),
    items,
  };
}

interface Box {
  type: string;
  content: Buffer;
}

/** A box begins with its length and four letters. */
const HEAD_BYTES = 8;

/** What comes after the last box of a file is none of its. */
function boxesOf(bytes: Buffer, { isFile = false } = {}): Box[] {
  const boxes: Box[] = [];
  const least = isFile ? HEAD_BYTES : 1;
  for (let at = 0; at + least <= bytes.length; ) {
    const head = new Fields(bytes.subarray(at));
    const short = head.number(4);
    const type = head.letters();
    // 0: to the end; 1: the length follows.
    const length = short === 0 ? bytes.length - at : short === 1 ? head.number(8) : short;
    const isCut = length < head.at || at + length > bytes.length;
    if (isCut && isFile) break;
    if (isCut) throw new StrangeHeif(`box ${type} is cut`);
    boxes.push({ type, content: bytes.subarray(at + head.at, at + length) });
    at += length;
  }
  return boxes;
}

function found(boxes: readonly Box[], type: string): Buffer | undefined {
  const of = boxes.filter((each) => each.type === type);
  if (of.length > 1) throw new StrangeHeif(`more than one box ${type}`);
  return of[0]?.content;
}

function needed(boxes: readonly Box[], type: string): Buffer {
  const content = found(boxes, type);
  if (!content) throw new StrangeHeif(`no box ${type}`);
  return content;
}

/** Numbers and letters of a box, read one after the other. @throws StrangeHeif at its end. */
class Fields {
  readonly #bytes: Buffer;
  #flags = 0;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Of so many bytes: 0, which is 0, to 8. */
  number(bytes: number): number {
    const part = this.bytes(bytes);
    if (bytes < 7) return bytes === 0 ? 0 : part.readUIntBE(0, bytes);
    const wide = part.readBigUInt64BE();
    if (wide > Number.MAX_SAFE_INTEGER) throw new StrangeHeif("a number is too large");
    return Number(wide);
  }

  letters(): string {
    return this.bytes(4).toString("latin1");
  }

  bytes(count: number): Buffer {
    if (this.at + count > this.#bytes.length) throw new StrangeHeif("a box is too short");
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }

  skip(count: number): void {
    this.bytes(count);
  }

  /** The version of a full box, which begins with it and three bytes of flags. */
  version(): number {
    const version = this.number(1);
    this.#flags = this.number(3);
    return version;
  }

  /** Known once `version` was read. */
  flag(mask: number): boolean {
    return (this.#flags & mask) !== 0;
  }

  afterVersion(): Buffer {
    this.version();
    return this.remaining();
  }

  /** Up to a zero, and past it. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.at);
    if (end < 0) throw new StrangeHeif("a text has no end");
    const text = this.#bytes.toString("latin1", this.at, end);
    this.at = end + 1;
    return text;
  }

  remaining(): Buffer {
    return this.bytes(this.#bytes.length - this.at);
  }

  /** What can be read so until the end. */
  rest<T>(read: (fields: Fields) => T): T[] {
    const all: T[] = [];
    while (this.at < this.#bytes.length) all.push(read(this));
    return all;
  }

  /** Each takes a byte at least: a count may be anything. */
  times<T>(count: number, read: (fields: Fields) => T): T[] {
    if (count > this.#bytes.length - this.at) throw new StrangeHeif("a box is too short for its entries");
    const all: T[] = [];
    for (let index = 0; index < count; index += 1) all.push(read(this));
    return all;
  }
}

/** Where the parts of each item lie: in the file, or in a box for small ones (8.11.3). */
function readPlaces(
  box: Buffer,
  { file, idat }: { file: Buffer; idat: Buffer | undefined },
): [id: number, parts: Buffer[]][] {
  const fields = new Fields(box);
  const version = fields.version();
  if (version > 2) throw new StrangeHeif(`places of version ${version}`);
  const sizes = fields.number(2);
  const [ofOffset, ofLength, ofBase, ofIndex] = [12, 8, 4, 0].map((shift) => (sizes >> shift) & 15) as [
    ...[number, number, number, number],
  ];
  if (ofOffset + ofLength === 0) throw new StrangeHeif("places are not told");
  const wide = version === 2 ? 4 : 2;
  const known = new Map<string, Buffer>();
  let bytes = 0;
  return fields.times(fields.number(wide), () => {
    const id = fields.number(wide);
    const method = version > 0 ? fields.number(2) & 15 : 0;
    const isElsewhere = fields.number(2) !== 0; // in another file
    const within = isElsewhere ? undefined : [file, idat][method];
    if (!within) throw new StrangeHeif(`item ${id} is neither in the file nor in a box of it`);
    const base = fields.number(ofBase);
    const parts = fields.times(fields.number(2), () => {
      if (version > 0) fields.skip(ofIndex);
      const offset = base + fields.number(ofOffset);
      const length = fields.number(ofLength) || within.length - offset; // 0: all of it
      if (length < 0 || offset + length > within.length) throw new StrangeHeif(`item ${id} is cut`);
      const place = `${method} ${offset} ${length}`;
      const part = known.get(place) ?? within.subarray(offset, offset + length);
      if (!known.has(place)) bytes += length;
      if (bytes > file.length) throw new StrangeHeif("items are the same bytes over and over");
      known.set(place, part);
      return part;
    });
    return [id, parts];
  });
}

function readInfos(box: Buffer): Pick<HeifItem, "id" | "type" | "mime" | "isHidden">[] {
  const fields = new Fields(box);
  fields.skip(fields.version() === 0 ? 2 : 4); // how many they are
  return boxesOf(fields.remaining()).map(({ content }) => {
    const info = new Fields(content);
    const version = info.version();
    if (version !== 2 && version !== 3) throw new StrangeHeif(`an item of version ${version}`);
    const id = info.number(version === 2 ? 2 : 4);
    if (info.number(2) !== 0) throw new StrangeHeif(`item ${id} is protected`);
    const type = info.letters();
    info.text(); // its name, which a person may have given it
    return { id, type, mime: type === "mime" ? info.remaining() : Buffer.alloc(0), isHidden: info.flag(1) };
  });
}

/** The properties of each item, which share them (ISO 23008-12, 9.3). */
function readProperties(box: Buffer): Map<number, HeifProperty[]> {
  const boxes = boxesOf(box);
  const all = boxesOf(needed(boxes, "ipco"));
  const byItem = new Map<number, HeifProperty[]>();
  for (const { content } of boxes.filter(({ type }) => type === "ipma")) {
    const fields = new Fields(content);
    const ofId = fields.version() === 0 ? 2 : 4;
    const ofIndex = fields.flag(1) ? 2 : 1;
    const essential = 1 << (8 * ofIndex - 1);
    fields.times(fields.number(4), () => {
      const id = fields.number(ofId);
      const own = fields.times(fields.number(1), () => fields.number(ofIndex));
      const properties = own.flatMap((each) => {
        const property = all[(each & (essential - 1)) - 1]; // 0: none
        return property ? [{ ...property, isEssential: (each & essential) !== 0 }] : [];
      });
      const known = byItem.get(id) ?? [];
      known.push(...properties);
      byItem.set(id, known);
    });
  }
  return byItem;
}

function readReferences(box: Buffer): Map<number, HeifItem["references"]> {
  const fields = new Fields(box);
  const wide = fields.version() === 0 ? 2 : 4;
  const byItem = new Map<number, HeifItem["references"]>();
  for (const { type, content } of boxesOf(fields.remaining())) {
    const reference = new Fields(content);
    const from = reference.number(wide);
    const to = reference.times(reference.number(2), () => reference.number(wide));
    const known = byItem.get(from) ?? [];
    known.push({ type, to });
    byItem.set(from, known);
  }
  return byItem;
}
