import { destination, source } from "../manifest.ts";
import { accepted, type Row, refused } from "../row.ts";

/** The rules of image and metadata outputs: fields that exclude each other, and fields of some formats only. */

const image = (fields: object) => ({
  spec: { outputs: [{ name: "thumb", image: { format: "webp", ...fields } }] },
});
const metadata = (fields: object) => ({ spec: { outputs: [{ name: "about", metadata: fields }] } });
const named = (template: string) => ({
  spec: { sources: [source("a"), source("b")], destination: destination({ template }) },
});

/** Fields that only some formats know, each with a value and with a format that does not know it. */
const OF_FORMATS = [
  { field: "maxBytes", value: 10_000, formats: "jpeg, webp, avif", other: "png" },
  { field: "effort", value: 4, formats: "png, webp, avif, gif", other: "jpeg" },
  { field: "progressive", value: true, formats: "jpeg, png, gif", other: "webp" },
  { field: "mozjpeg", value: true, formats: "jpeg", other: "png" },
  { field: "chromaSubsampling", value: "4:4:4", formats: "jpeg, avif", other: "webp" },
  { field: "lossless", value: true, formats: "webp, avif", other: "jpeg" },
  { field: "nearLossless", value: true, formats: "webp", other: "avif" },
  { field: "palette", value: {}, formats: "png, gif", other: "tiff" },
  { field: "compression", value: "lzw", formats: "tiff", other: "png" },
  { field: "bitDepth", value: 16, formats: "png, tiff", other: "jpeg" },
  { field: "density", value: 300, formats: "jpeg, png, webp, avif, tiff", other: "gif" },
  { field: "keepMetadata", value: ["Gps"], formats: "jpeg, png, webp, avif, tiff", other: "gif" },
  { field: "animated", value: true, formats: "gif, webp", other: "avif" },
  { field: "loop", value: 3, formats: "gif, webp", other: "png" },
];

const EXTRACT = { left: 0, top: 0, width: 10, height: 10 };

/** Pairs of fields of which one makes the other meaningless. */
const EXCLUSIVE: { name: string; other: string; fields: object }[] = [
  { name: "widths", other: "width", fields: { widths: [320], width: 320 } },
  { name: "extract", other: "trim", fields: { extract: EXTRACT, trim: {} } },
  { name: "upscale", other: "width", fields: { upscale: 2, width: 320 } },
  { name: "upscale", other: "height", fields: { upscale: 2, height: 320 } },
  { name: "upscale", other: "widths", fields: { upscale: 2, widths: [320] } },
  { name: "upscale", other: "withoutEnlargement", fields: { upscale: 2, withoutEnlargement: true } },
  { name: "lossless", other: "maxBytes", fields: { lossless: true, maxBytes: 10_000 } },
  { name: "animated", other: "extract", fields: { animated: true, extract: EXTRACT } },
  { name: "animated", other: "trim", fields: { animated: true, trim: {} } },
  { name: "animated", other: "rotate", fields: { animated: true, rotate: 90 } },
  { name: "animated", other: "extend", fields: { animated: true, extend: { top: 1 } } },
  { name: "animated", other: "overlays", fields: { animated: true, overlays: [{ text: { text: "a" } }] } },
  { name: "animated", other: "shape", fields: { animated: true, shape: { circle: {} } } },
  { name: "animated", other: "upscale", fields: { animated: true, upscale: 2 } },
  { name: "animated", other: "page", fields: { animated: true, page: 1 } },
  { name: "animated", other: "enhance", fields: { animated: true, enhance: {} } },
  { name: "animated", other: "placeholders", fields: { animated: true, placeholders: ["Lqip"] } },
  { name: "animated", other: "median", fields: { animated: true, median: 3 } },
  { name: "animated", other: "blur", fields: { animated: true, blur: 2 } },
  { name: "animated", other: "sharpen", fields: { animated: true, sharpen: { sigma: 1 } } },
  { name: "animated", other: "clahe", fields: { animated: true, clahe: { width: 8, height: 8 } } },
  { name: "animated", other: "flip", fields: { animated: true, flip: true } },
  { name: "animated", other: "position", fields: { animated: true, position: "attention" } },
  {
    name: "bitDepth",
    other: "compression",
    fields: { format: "tiff", bitDepth: 16, compression: "jpeg" },
  },
  { name: "enhance", other: "sharpen", fields: { enhance: {}, sharpen: { sigma: 1 } } },
];

/** Values out of their bounds, by field, with what the API server says and what offline validation says. */
const OUT_OF_BOUNDS: { name: string; fields: object; field: string; server: string; offline?: string }[] = [
  {
    name: "no width in a set",
    fields: { widths: [] },
    field: "widths",
    server: "should have at least 1 items",
    offline: "a list of 1 to 16 items",
  },
  {
    name: "a width twice in a set",
    fields: { widths: [320, 320] },
    field: "widths[1]",
    server: "Duplicate value",
  },
  {
    name: "a format twice in a set",
    fields: { formats: ["avif", "avif"] },
    field: "formats[1]",
    server: "Duplicate value",
  },
  {
    name: "a format of a set that is chosen later",
    fields: { formats: ["Auto"] },
    field: "formats[0]",
    server: "Unsupported value",
    offline: "expected one of jpeg",
  },
  {
    name: "an unknown kernel",
    fields: { kernel: "bicubic" },
    field: "kernel",
    server: "Unsupported value",
    offline: "cubic",
  },
  {
    name: "an unknown position",
    fields: { position: "smart" },
    field: "position",
    server: "Unsupported value",
    offline: "expected one of centre",
  },
  { name: "a threefold upscale", fields: { upscale: 3 }, field: "upscale", server: "upscale is 2 or 4" },
  {
    name: "twelve bits",
    fields: { format: "png", bitDepth: 12 },
    field: "bitDepth",
    server: "bitDepth is 8 or 16",
  },
  {
    name: "levels the wrong way round",
    fields: { normalise: { lower: 60, upper: 40 } },
    field: "normalise",
    server: "normalise.lower must be less than normalise.upper",
  },
  {
    name: "a shape of two kinds",
    fields: { shape: { circle: {}, rounded: { radius: 4 } } },
    field: "shape",
    server: "set exactly one of",
  },
  {
    name: "an overlay of two kinds",
    fields: { overlays: [{ image: { path: "a.png" }, text: { text: "a" } }] },
    field: "overlays[0]",
    server: "set exactly one of",
  },
  {
    name: "an overlay from outside the volume",
    fields: { overlays: [{ image: { path: "../a.png" } }] },
    field: "overlays[0].image.path",
    server: "must not leave the volume",
  },
  {
    name: "nine overlays",
    fields: { overlays: Array(9).fill({ text: { text: "a" } }) },
    field: "overlays",
    server: "must have at most 8 items",
    offline: "got a list of 9 items",
  },
  {
    name: "a font that is a path",
    fields: { overlays: [{ text: { text: "a", font: "/etc/x.ttf" } }] },
    field: "overlays[0].text.font",
    server: "should match",
    offline: "that matches",
  },
  {
    name: "an unknown blend mode",
    fields: { overlays: [{ text: { text: "a" }, blend: "burn" }] },
    field: "overlays[0].blend",
    server: "Unsupported value",
    offline: "expected one of over",
  },
  {
    name: "more than opaque",
    fields: { overlays: [{ text: { text: "a" }, opacity: 2 }] },
    field: "overlays[0].opacity",
    server: "should be less than or equal to 1",
    offline: "got 2",
  },
  {
    name: "a colour by name",
    fields: { background: "white" },
    field: "background",
    server: "should match",
    offline: "that matches",
  },
  {
    name: "a blur of nothing",
    fields: { blur: 0 },
    field: "blur",
    server: "should be greater than or equal to 0.3",
    offline: "got 0",
  },
  {
    name: "a median of one pixel",
    fields: { median: 1 },
    field: "median",
    server: "should be greater than or equal to 3",
    offline: "got 1",
  },
  {
    name: "a gamma below 1",
    fields: { gamma: 0.5 },
    field: "gamma",
    server: "should be greater than or equal to 1",
    offline: "got 0.5",
  },
  {
    name: "sharpening without a sigma",
    fields: { sharpen: {} },
    field: "sharpen.sigma",
    server: "Required value",
    offline: "required",
  },
  {
    name: "an enhancement beyond all",
    fields: { enhance: { strength: 1.5 } },
    field: "enhance.strength",
    server: "should be less than or equal to 1",
    offline: "got 1.5",
  },
  {
    name: "a contrast without a neighbourhood",
    fields: { clahe: { width: 8 } },
    field: "clahe.height",
    server: "Required value",
    offline: "required",
  },
  {
    name: "a turn of two rounds",
    fields: { rotate: 720 },
    field: "rotate",
    server: "should be less than or equal to 360",
    offline: "got 720",
  },
  {
    name: "an edge wider than allowed",
    fields: { extend: { top: 5000 } },
    field: "extend.top",
    server: "should be less than or equal to 4096",
    offline: "got 5000",
  },
  {
    name: "a region without a height",
    fields: { extract: { left: 0, top: 0, width: 5 } },
    field: "extract.height",
    server: "Required value",
    offline: "required",
  },
  {
    name: "a file of 100 bytes",
    fields: { maxBytes: 100 },
    field: "maxBytes",
    server: "should be greater than or equal to 512",
    offline: "got 100",
  },
  {
    name: "a palette of one colour",
    fields: { format: "png", palette: { colours: 1 } },
    field: "palette.colours",
    server: "should be greater than or equal to 2",
    offline: "got 1",
  },
  {
    name: "a density of 0",
    fields: { density: 0 },
    field: "density",
    server: "should be greater than or equal to 1",
    offline: "got 0",
  },
  {
    name: "an unknown colour space",
    fields: { colourspace: "cmyk" },
    field: "colourspace",
    server: "Unsupported value",
    offline: "expected one of srgb",
  },
  {
    name: "an unknown metadata policy",
    fields: { metadata: "None" },
    field: "metadata",
    server: "Unsupported value",
    offline: "expected one of Strip",
  },
  {
    name: "an unknown group of metadata",
    fields: { keepMetadata: ["Thumbnail"] },
    field: "keepMetadata[0]",
    server: "Unsupported value",
    offline: "expected one of Copyright",
  },
  {
    name: "an unknown placeholder",
    fields: { placeholders: ["Blur"] },
    field: "placeholders[0]",
    server: "Unsupported value",
    offline: "expected one of BlurHash",
  },
];

const at = (field: string) => `spec.outputs[0].image.${field}`;

export const imageRows: Row[] = [
  ...OF_FORMATS.flatMap(({ field, value, formats, other }) => [
    ...formats
      .split(", ")
      .map((format) => accepted(`${field} of a ${format}`, image({ format, [field]: value }))),
    accepted(`${field} where the format is the source's`, image({ format: "Auto", [field]: value })),
    accepted(
      `${field} where one format of several knows it`,
      image({ format: other, formats: [formats.split(", ")[0]], [field]: value }),
    ),
    refused(`${field} of a ${other}`, image({ format: other, [field]: value }), {
      field: at(field),
      server: `${field} is for the formats ${formats}`,
    }),
  ]),
  ...EXCLUSIVE.map(({ name, other, fields }) =>
    refused(`${name} together with ${other}`, image(fields), {
      field: at(other),
      server: `${name} cannot be used together with ${other}`,
    }),
  ),
  ...OUT_OF_BOUNDS.map(({ name, fields, field, ...said }) =>
    refused(name, image(fields), { field: at(field), ...said }),
  ),
  accepted(
    "animated false beside what an animation cannot have",
    image({ animated: false, page: 2, rotate: 90 }),
  ),
  accepted(
    "an animation that is mirrored left to right and cut at an edge",
    image({ animated: true, flip: false, flop: true, position: "top" }),
  ),
  accepted(
    "a size that is kept by changing pixels a little",
    image({ lossless: true, nearLossless: true, maxBytes: 10_000 }),
  ),
  accepted("IPTC of a jpeg", image({ format: "jpeg", keepMetadata: ["Iptc"] })),
  accepted("IPTC of a tiff", image({ format: "tiff", keepMetadata: ["Iptc"] })),
  accepted(
    "IPTC where one format of several is jpeg",
    image({ formats: ["jpeg"], keepMetadata: ["Xmp", "Iptc"] }),
  ),
  refused("IPTC of a webp", image({ keepMetadata: ["Xmp", "Iptc"] }), {
    field: at("keepMetadata"),
    server: "keepMetadata Iptc is for the formats jpeg, tiff",
  }),
  accepted("an upscale that may enlarge", image({ upscale: 2, withoutEnlargement: false })),
  accepted("specks removed before an enhancement", image({ median: 9, enhance: { strength: 0.8 } })),
  accepted("a metadata output with nothing but defaults", metadata({})),
  accepted("a metadata output with all of its fields", metadata({ detail: "Full", checksum: true })),
  refused("a detail that does not exist", metadata({ detail: "full" }), {
    field: "spec.outputs[0].metadata.detail",
    server: "Unsupported value",
    offline: "did you mean Full?",
  }),
  refused("a checksum by the name of its algorithm", metadata({ checksum: "sha256" }), {
    field: "spec.outputs[0].metadata.checksum",
    server: "must be of type boolean",
    offline: "expected true or false",
  }),
  accepted("a template of the source's place and the day", named("{date}/{index}.{ext}")),
  refused("a template of the day alone for two sources", named("{date}.{ext}"), {
    field: "spec.destination.template",
    server: "must hold {source} or {index} when an output is made from several sources",
  }),
  refused("a token that does not exist", named("{source}-{number}.{ext}"), {
    field: "spec.destination.template",
    server: "template has an unknown token",
  }),
  refused("a template that climbs", named("../{source}.{ext}"), {
    field: "spec.destination.template",
    server: "no segment '..'",
  }),
  refused("a template in the workers' own directory", named(".MediaJob/{source}.{ext}"), {
    field: "spec.destination.template",
    server: "must not enter .mediajob/",
  }),
];
