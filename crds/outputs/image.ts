import { z } from "zod";
import { type Rule, validations } from "../validation.ts";
import { encoding, IMAGE_FORMATS } from "./image/encoding.ts";
import { frames } from "./image/frames.ts";
import { geometry } from "./image/geometry.ts";
import { colourAndMetadata } from "./image/metadata.ts";
import { tone } from "./image/tone.ts";

const placeholders = {
  placeholders: z
    .array(z.enum(["BlurHash", "ThumbHash", "Lqip", "DominantColour"]))
    .min(1)
    .max(4)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe(
      "placeholders to show while the image loads, of the largest file, in the JSON file beside it: BlurHash, ThumbHash, Lqip (a tiny webp as data URI), DominantColour. None when unset.",
    ),
};

/** A rule by which a field needs one of the formats that know it; Auto may turn out to be one. */
function onlyFor(
  field: string,
  formats: readonly string[],
  { isSet = `has(self.${field})`, called = field }: { isSet?: string; called?: string } = {},
): Rule {
  const known = `[${[...formats, "Auto"].map((format) => `'${format}'`).join(", ")}]`;
  return {
    rule: `!(${isSet}) || self.format in ${known} || (has(self.formats) && self.formats.exists(f, f in ${known}))`,
    message: `${called} is for the formats ${formats.join(", ")}`,
    fieldPath: `.${field}`,
    reason: "FieldValueForbidden",
  };
}

interface Condition {
  /** When the first field counts as set. */
  isSet?: string;
  /** When the other does. */
  isOtherSet?: string;
  /** Why, and the way out. */
  because?: string;
}

const notTogether = (
  field: string,
  other: string,
  { isSet = `has(self.${field})`, isOtherSet = `has(self.${other})`, because }: Condition = {},
): Rule => ({
  rule: `!(${isSet} && ${isOtherSet})`,
  message: `${field} cannot be used together with ${other}${because ? `: ${because}` : ""}`,
  fieldPath: `.${other}`,
  reason: "FieldValueForbidden",
});

/** All but gif, which has no place for any. */
const WITH_METADATA = IMAGE_FORMATS.filter((format) => format !== "gif");

const isAnimated = "(has(self.animated) && self.animated)";

/** The frames of an animation lie one below the other while they are worked on. */
const notAnimated = (field: string, condition: Condition = {}): Rule =>
  notTogether("animated", field, { isSet: isAnimated, ...condition });

export const imageOutput = z
  .strictObject({
    format: z
      .enum([...IMAGE_FORMATS, "Auto"])
      .describe(
        "format of the file: jpeg, png, webp, avif, tiff or gif. Auto keeps the source's format; an svg becomes png, a heic jpeg.",
      ),
    formats: z
      .array(z.enum(IMAGE_FORMATS))
      .min(1)
      .max(5)
      .optional()
      .meta({ "x-kubernetes-list-type": "set" })
      .describe(
        "formats to make besides format, 1 to 5, from the same decode, as for the sources of a picture element. A JSON file beside them lists all. None when unset.",
      ),
    ...geometry,
    ...tone,
    ...encoding,
    ...colourAndMetadata,
    ...frames,
    ...placeholders,
  })
  .meta(
    validations(
      notTogether("widths", "width"),
      notTogether("extract", "trim"),
      ...["width", "height", "widths"].map((field) => notTogether("upscale", field)),
      notTogether("upscale", "withoutEnlargement", {
        isOtherSet: "has(self.withoutEnlargement) && self.withoutEnlargement",
        because: "it would keep every image at its own size; leave out one of the two",
      }),
      ...[
        "extract",
        "trim",
        "rotate",
        "extend",
        "overlays",
        "shape",
        "upscale",
        "page",
        "enhance",
        "placeholders",
      ].map((field) => notAnimated(field)),
      ...["median", "blur", "sharpen", "clahe"].map((field) =>
        notAnimated(field, {
          because: `it would mix each frame with the next; leave out ${field}, or animated, which then takes one frame`,
        }),
      ),
      notAnimated("flip", {
        isOtherSet: "has(self.flip) && self.flip",
        because:
          "it would play the frames backwards; use flop, or leave out animated, which then takes one frame",
      }),
      notAnimated("position", {
        isOtherSet: "self.position in ['entropy', 'attention']",
        because:
          "entropy and attention look at one picture; name an edge, a corner or centre, or leave out animated, which then takes one frame",
      }),
      notTogether("enhance", "sharpen", {
        because: "enhance sharpens by its strength; leave out one of the two",
      }),
      {
        rule: "!has(self.upscale) || self.upscale != 3",
        message: "upscale is 2 or 4",
        fieldPath: ".upscale",
        reason: "FieldValueInvalid",
      },
      {
        rule: "!has(self.bitDepth) || self.bitDepth in [8, 16]",
        message: "bitDepth is 8 or 16",
        fieldPath: ".bitDepth",
        reason: "FieldValueInvalid",
      },
      {
        rule: "!has(self.normalise) || self.normalise.lower < self.normalise.upper",
        message: "normalise.lower must be less than normalise.upper",
        fieldPath: ".normalise",
        reason: "FieldValueInvalid",
      },
      onlyFor("maxBytes", ["jpeg", "webp", "avif"]),
      onlyFor("effort", ["png", "webp", "avif", "gif"]),
      onlyFor("progressive", ["jpeg", "png", "gif"]),
      onlyFor("mozjpeg", ["jpeg"]),
      onlyFor("chromaSubsampling", ["jpeg", "avif"]),
      onlyFor("lossless", ["webp", "avif"]),
      onlyFor("nearLossless", ["webp"]),
      onlyFor("palette", ["png", "gif"]),
      onlyFor("compression", ["tiff"]),
      onlyFor("bitDepth", ["png", "tiff"]),
      onlyFor("density", WITH_METADATA),
      onlyFor("keepMetadata", WITH_METADATA),
      onlyFor("keepMetadata", ["jpeg", "tiff"], {
        isSet: "has(self.keepMetadata) && 'Iptc' in self.keepMetadata",
        called: "keepMetadata Iptc",
      }),
      notTogether("bitDepth", "compression", {
        isSet: "(has(self.bitDepth) && self.bitDepth == 16)",
        isOtherSet: "has(self.compression) && self.compression == 'jpeg'",
        because: "jpeg has 8 bits; take another compression, or leave out bitDepth",
      }),
      notTogether("lossless", "maxBytes", {
        isSet: "has(self.lossless) && self.lossless && !(has(self.nearLossless) && self.nearLossless)",
        because:
          "no quality makes such a file smaller; leave out one of the two, or add nearLossless to a webp",
      }),
      onlyFor("animated", ["gif", "webp"], { isSet: isAnimated }),
      onlyFor("loop", ["gif", "webp"]),
    ),
  )
  .describe("A still image, or an animation, made by sharp.");

export type ImageOutput = z.output<typeof imageOutput>;

/** The formats that an output is written in, each once; Auto before any source says which it is. */
export const formatsOf = ({ format, formats = [] }: ImageOutput): ImageOutput["format"][] => [
  ...new Set([format, ...formats]),
];

/** Whether an output's files are described in a JSON file beside them. */
export const isDescribed = ({ widths, formats, placeholders }: ImageOutput): boolean =>
  widths !== undefined || formats !== undefined || placeholders !== undefined;
