import { type HeifFile, type HeifItem, type HeifProperty, readHeif, StrangeHeif } from "./heif-items.ts";
import { writeHeif } from "./heif-writing.ts";
import type { Beside, Rewrap } from "./rewrap.ts";

/** ISO 23008-12, A.2.1: how many bytes come before the structure, and these. */
const EXIF_HEAD = Buffer.from("\0\0\0\x06Exif\0\0", "latin1");
const NO_BYTES = Buffer.alloc(0);
const XMP_TYPE = Buffer.from("application/rdf+xml\0", "latin1");

/** What a viewer has to be able to read of such a file; that it holds a film, or a second picture, is not taken along. */
const BRANDS: ReadonlySet<string> = new Set(["avif", "mif1", "miaf", "MA1A", "MA1B", "avio"]);

/** Coded pictures, and those that are put together from others: of tiles, of layers, or turned. */
const PICTURES: ReadonlySet<string> = new Set(["av01", "grid", "iovl", "iden"]);

/** What tells how a picture is decoded, turned and shown. Others may tell who made it, or of what. */
const OF_PICTURE: ReadonlySet<string> = new Set([
  ...["ispe", "pixi", "av1C", "colr", "pasp", "clap", "irot", "imir", "auxC"],
  ...["a1op", "a1lx", "lsel", "clli", "mdcv", "cclv", "amve"],
]);

/** AV1 Image File Format, 4.1, and what older files say. */
const ALPHA = ["urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", "urn:mpeg:hevc:2015:auxid:1\0"];

/**
 * What is coded of an AVIF's primary picture, and of its alpha, with other metadata. Thumbnails, further pictures and films,
 * maps of depth or of gain, the names of items, and what lies between them are gone. EXIF alone has a place for a density.
 */
export const rewrapAvif: Rewrap = (file, beside) => {
  try {
    const whole = readHeif(file);
    const pictures = picturesOf(whole).map((item) => withoutOthers(item, beside));
    const primary = pictures[0]?.id ?? 0;
    const items = [...pictures, ...metadataOf(whole, beside, { primary })];
    return writeHeif({ brands: ["avif", ...brandsOf(whole)], primary, items });
  } catch (error) {
    if (error instanceof StrangeHeif) return undefined;
    throw error;
  }
};

const brandsOf = ({ brands }: HeifFile): string[] => [...new Set(brands)].filter((each) => BRANDS.has(each));

/** The primary picture, what it is made of, and the alpha of each: in this order, with references among them alone. */
function picturesOf({ primary, items }: HeifFile): HeifItem[] {
  const byId = new Map(items.map((item) => [item.id, item]));
  if (byId.size !== items.length) throw new StrangeHeif("two items of one id");
  const kept = new Map<number, HeifItem>();
  const keep = (picture: number) => {
    const asked = [picture];
    for (let id = asked.pop(); id !== undefined; id = asked.pop()) {
      if (kept.has(id)) continue;
      const item = byId.get(id);
      if (!item || !PICTURES.has(item.type)) throw new StrangeHeif(`item ${id} is no picture`);
      kept.set(id, item);
      for (const { type, to } of item.references) if (type === "dimg") asked.push(...to);
    }
  };
  keep(primary);
  const isOfKept = ({ references }: HeifItem) =>
    references.some(({ type, to }) => type === "auxl" && to.some((id) => kept.has(id)));
  for (const item of items) if (isAlpha(item) && isOfKept(item)) keep(item.id);
  return [...kept.values()].map((item) => ({
    ...item,
    references: item.references
      .filter(({ type }) => type === "dimg" || type === "auxl" || type === "prem")
      .map(({ type, to }) => ({ type, to: to.filter((id) => kept.has(id)) }))
      .filter(({ to }) => to.length > 0),
  }));
}

const isAlpha = ({ properties }: HeifItem): boolean =>
  properties.some(
    ({ type, content }) =>
      type === "auxC" && ALPHA.some((urn) => content.toString("latin1", 4).startsWith(urn)),
  );

/** With the properties that are of the picture, or of its colours, where these stay. */
function withoutOthers(item: HeifItem, { profile }: Beside): HeifItem {
  const stays = (property: HeifProperty) => {
    if (isProfile(property)) return profile;
    if (OF_PICTURE.has(property.type)) return true;
    if (property.isEssential) throw new StrangeHeif(`item ${item.id} needs a property ${property.type}`);
    return false;
  };
  return { ...item, properties: item.properties.filter(stays) };
}

const isProfile = ({ type, content }: HeifProperty): boolean =>
  type === "colr" && content.toString("latin1", 0, 4) !== "nclx";

function metadataOf(
  { items }: HeifFile,
  { metadata, ownExif }: Beside,
  { primary }: { primary: number },
): HeifItem[] {
  const ofPrimary = { references: [{ type: "cdsc", to: [primary] }], properties: [] };
  const own = (isWanted: (item: HeifItem) => boolean): HeifItem[] =>
    items.filter(isWanted).map((item) => ({ ...item, ...ofPrimary }));
  let id = items.reduce((highest, each) => Math.max(highest, each.id), 0);
  const made = (type: string, { mime = NO_BYTES, parts }: { mime?: Buffer; parts: Buffer[] }): HeifItem[] => {
    id += 1;
    return [{ ...{ id, type, mime, parts, isHidden: false }, ...ofPrimary }];
  };
  const exif = ownExif ?? metadata?.exif;
  const exifs = exif
    ? made("Exif", { parts: [EXIF_HEAD, exif] })
    : own(({ type }) => metadata === undefined && type === "Exif");
  const xmps = metadata?.xmp
    ? made("mime", { mime: XMP_TYPE, parts: [metadata.xmp] })
    : own((item) => metadata === undefined && isXmp(item));
  return [...exifs, ...xmps];
}

const isXmp = ({ mime }: HeifItem): boolean => mime.subarray(0, XMP_TYPE.length).equals(XMP_TYPE);
