import { z } from "zod";
import { relativePath } from "../scalars.ts";
import { exactlyOneOf, type Rule, validations } from "../validation.ts";

/** Formats a worker writes. */
export const IMAGE_FORMATS = ["jpeg", "png", "webp", "avif", "tiff", "gif"] as const;

/** Semantic quality words; each encoder maps them to a number of its own (worker-image/image/quality.ts). */
export const qualityWord = z.enum(["Low", "Medium", "High", "Maximum"]);

/** Groups of metadata that can be kept one by one. */
export const METADATA_GROUPS = ["Copyright", "Camera", "Dates", "Exif", "Gps", "Iptc", "Xmp", "Icc"] as const;

const edge = z.int().min(1).max(16383);

const colour = z
  .string()
  .min(4)
  .max(9)
  .regex(/^#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$/);

export const gravity = z.enum([
  "centre",
  "north",
  "northeast",
  "east",
  "southeast",
  "south",
  "southwest",
  "west",
  "northwest",
]);

const geometry = {
  width: edge.optional().describe("width in pixels. With height unset the ratio is kept."),
  height: edge
    .optional()
    .describe(
      "height in pixels. With width unset the ratio is kept. With widths it is that of the largest, and the others in proportion.",
    ),
  widths: z
    .array(edge)
    .min(1)
    .max(16)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe(
      "widths in pixels, 1 to 16 of them, all made from one decode, as for srcset. Where destination.template has no {width}, `-640w` is put before the extension. A JSON file beside them lists all with width, height, bytes and sha256.",
    ),
  fit: z
    .enum(["cover", "contain", "fill", "inside", "outside"])
    .default("cover")
    .describe(
      "fit is sharp's word for how the image fills width × height when both are set: cover crops, contain letterboxes, fill distorts, inside and outside keep the ratio. Default cover.",
    ),
  position: z
    .enum([
      "centre",
      "top",
      "right top",
      "right",
      "right bottom",
      "bottom",
      "left bottom",
      "left",
      "left top",
      "entropy",
      "attention",
    ])
    .default("centre")
    .describe(
      "position of the crop or letterbox for cover and contain; entropy and attention look at the image. Default centre.",
    ),
  kernel: z
    .enum(["nearest", "linear", "cubic", "mitchell", "lanczos2", "lanczos3", "mks2013", "mks2021"])
    .optional()
    .describe("kernel that resizes; nearest suits pixel art. Default lanczos3."),
  withoutEnlargement: z
    .boolean()
    .optional()
    .describe("withoutEnlargement keeps an image that is smaller than asked at its own size. Default false."),
  upscale: z
    .int()
    .min(2)
    .max(4)
    .optional()
    .describe("upscale multiplies both edges by 2 or 4, with lanczos3. Not together with width or height."),
  autoOrient: z
    .boolean()
    .optional()
    .describe(
      "autoOrient turns the image upright as its EXIF orientation says, all eight of them. Default true.",
    ),
  extract: z
    .strictObject({
      left: z.int().min(0).max(65535).describe("left edge of the region in pixels."),
      top: z.int().min(0).max(65535).describe("top edge of the region in pixels."),
      width: z.int().min(1).max(65535).describe("width of the region in pixels."),
      height: z.int().min(1).max(65535).describe("height of the region in pixels."),
    })
    .optional()
    .describe(
      "extract takes a region of the upright source, in its pixels, before anything is resized. A region that is not wholly inside fails the output.",
    ),
  trim: z
    .strictObject({
      threshold: z
        .number()
        .min(0)
        .max(255)
        .default(10)
        .describe("threshold is how far a pixel may differ from the edge's colour. Default 10."),
      margin: z.int().min(0).max(1000).default(0).describe("margin in pixels to leave around. Default 0."),
    })
    .optional()
    .describe("trim removes edges that have the colour of the top left pixel, before anything is resized."),
  rotate: z
    .number()
    .min(-360)
    .max(360)
    .optional()
    .describe(
      "rotate turns the resized image by so many degrees clockwise; background fills the corners. Default 0.",
    ),
  flip: z.boolean().optional().describe("flip mirrors the image top to bottom. Default false."),
  flop: z.boolean().optional().describe("flop mirrors the image left to right. Default false."),
  extend: z
    .strictObject({
      top: z.int().min(0).max(4096).default(0).describe("top edge to add in pixels. Default 0."),
      right: z.int().min(0).max(4096).default(0).describe("right edge to add in pixels. Default 0."),
      bottom: z.int().min(0).max(4096).default(0).describe("bottom edge to add in pixels. Default 0."),
      left: z.int().min(0).max(4096).default(0).describe("left edge to add in pixels. Default 0."),
      extendWith: z
        .enum(["background", "copy", "repeat", "mirror"])
        .default("background")
        .describe("extendWith says what the new edges show. Default background."),
    })
    .optional()
    .describe("extend adds edges to the resized image."),
  shape: z
    .strictObject({
      circle: z
        .strictObject({})
        .optional()
        .describe("circle cuts the largest ellipse that fits; a circle when the image is square."),
      rounded: z
        .strictObject({
          radius: z.int().min(1).max(8192).describe("radius of the corners in pixels."),
        })
        .optional()
        .describe("rounded cuts round corners."),
    })
    .meta(validations(exactlyOneOf("circle", "rounded")))
    .optional()
    .describe(
      "shape cuts the finished image; outside is transparent, or background where the format has no alpha.",
    ),
  background: colour
    .optional()
    .describe(
      "background fills letterboxes, new edges and corners, and what is transparent where the format has no alpha, as #rgb, #rgba, #rrggbb or #rrggbbaa. Default white, and transparent where the format has alpha.",
    ),
};

const tone = {
  flatten: z
    .boolean()
    .optional()
    .describe("flatten lays the image on background and drops alpha, as jpeg always does. Default false."),
  grayscale: z.boolean().optional().describe("grayscale drops all colour. Default false."),
  negate: z.boolean().optional().describe("negate inverts the colours, never alpha. Default false."),
  tint: colour.optional().describe("tint gives the image one hue and keeps its lightness, as #rrggbb."),
  normalise: z
    .strictObject({
      lower: z.number().min(0).max(99).default(1).describe("lower percentile that becomes black. Default 1."),
      upper: z
        .number()
        .min(1)
        .max(100)
        .default(99)
        .describe("upper percentile that becomes white. Default 99."),
    })
    .optional()
    .describe("normalise stretches the lightness over its full range."),
  clahe: z
    .strictObject({
      width: z.int().min(3).max(1024).describe("width of the neighbourhood in pixels."),
      height: z.int().min(3).max(1024).describe("height of the neighbourhood in pixels."),
      maxSlope: z
        .int()
        .min(0)
        .max(100)
        .default(3)
        .describe("maxSlope limits the contrast; 0 does not limit it. Default 3."),
    })
    .optional()
    .describe("clahe raises the contrast locally, limited so that noise stays down."),
  gamma: z
    .number()
    .min(1)
    .max(3)
    .optional()
    .describe(
      "gamma darkens before and brightens after resizing by 1/gamma, 1.0 to 3.0; 2.2 resizes in linear light.",
    ),
  modulate: z
    .strictObject({
      brightness: z.number().min(0).max(10).optional().describe("brightness multiplier. Default 1."),
      saturation: z.number().min(0).max(10).optional().describe("saturation multiplier. Default 1."),
      hue: z.int().min(-360).max(360).optional().describe("hue rotation in degrees. Default 0."),
      lightness: z.number().min(-100).max(100).optional().describe("lightness to add. Default 0."),
    })
    .optional()
    .describe("modulate changes brightness, saturation, hue and lightness."),
  median: z
    .int()
    .min(3)
    .max(15)
    .optional()
    .describe("median removes specks with a square of so many pixels, 3 to 15."),
  blur: z
    .number()
    .min(0.3)
    .max(100)
    .optional()
    .describe("blur is the sigma of a Gaussian blur in pixels, 0.3 to 100."),
  sharpen: z
    .strictObject({
      sigma: z.number().min(0.1).max(10).describe("sigma of the mask in pixels; 1 suits a large reduction."),
      m1: z.number().min(0).max(100).optional().describe("m1 is the strength in flat areas. Default 1."),
      m2: z.number().min(0).max(100).optional().describe("m2 is the strength in jagged areas. Default 2."),
    })
    .optional()
    .describe("sharpen the resized image."),
  enhance: z
    .strictObject({
      strength: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe("strength from 0, which changes nothing, to 1. Default 0.5."),
    })
    .optional()
    .describe(
      "enhance measures the levels of the source, stretches them, removes specks at strength 0.7 and above, and sharpens.",
    ),
  overlays: z
    .array(
      z
        .strictObject({
          image: z
            .strictObject({
              path: relativePath.describe("path of the image on the source's volume."),
              width: edge
                .optional()
                .describe(
                  "width in pixels to which the overlay is resized. Its own, at most the image's, when unset.",
                ),
            })
            .optional()
            .describe("image lays another image on top."),
          text: z
            .strictObject({
              text: z.string().min(1).max(500).describe("text to draw; no markup."),
              font: z
                .string()
                .min(1)
                .max(100)
                .regex(/^[\w .-]+$/)
                .default("sans")
                .describe("font by name, with weight or style, e.g. `sans bold`. Default sans."),
              size: z
                .int()
                .min(4)
                .max(1000)
                .default(32)
                .describe("size of the letters in pixels. Default 32."),
              colour: colour.default("#ffffff").describe("colour of the letters. Default #ffffff."),
            })
            .optional()
            .describe("text draws a text."),
          gravity: gravity.default("centre").describe("gravity is where the overlay sits. Default centre."),
          offset: z
            .strictObject({
              horizontal: z
                .int()
                .min(-16383)
                .max(16383)
                .default(0)
                .describe("horizontal offset in pixels to the right. Default 0."),
              vertical: z
                .int()
                .min(-16383)
                .max(16383)
                .default(0)
                .describe("vertical offset in pixels down. Default 0."),
            })
            .optional()
            .describe("offset moves the overlay from where gravity puts it."),
          opacity: z.number().min(0).max(1).default(1).describe("opacity from 0 to 1. Default 1."),
          tile: z
            .boolean()
            .default(false)
            .describe("tile repeats the overlay over the whole image. Default false."),
          blend: z
            .enum([
              "over",
              "multiply",
              "screen",
              "overlay",
              "darken",
              "lighten",
              "color-dodge",
              "color-burn",
              "hard-light",
              "soft-light",
              "difference",
              "exclusion",
              "add",
              "dest-in",
              "dest-out",
            ])
            .default("over")
            .describe("blend mode, in libvips' words. Default over."),
        })
        .meta(validations(exactlyOneOf("image", "text")))
        .describe("One overlay."),
    )
    .min(1)
    .max(8)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("overlays are laid on the resized image in order, 1 to 8: watermarks, logos, captions."),
};

const encoding = {
  quality: z
    .union([z.int().min(1).max(100), qualityWord])
    .optional()
    .meta({ "x-kubernetes-int-or-string": true })
    .describe("quality as a number from 1 to 100 or a word: Low, Medium, High, Maximum. Default High."),
  maxBytes: z
    .int()
    .min(512)
    .max(1_073_741_824)
    .optional()
    .describe(
      "maxBytes is the largest size of the file, in bytes; the highest quality up to `quality` that keeps it is searched. Fails the output when quality 1 is larger still. For jpeg, webp and avif.",
    ),
  effort: z
    .int()
    .min(0)
    .max(9)
    .optional()
    .describe(
      "effort of the encoder, 0 fastest to 9 smallest; webp counts to 6, png and gif from 1. Default 4, for png and gif 7.",
    ),
  progressive: z
    .boolean()
    .optional()
    .describe("progressive writes a jpeg, png or gif that shows early and coarse. Default false."),
  mozjpeg: z
    .boolean()
    .optional()
    .describe(
      "mozjpeg makes a jpeg 5 to 10 % smaller in three times the time; always progressive. Default false.",
    ),
  chromaSubsampling: z
    .enum(["4:4:4", "4:2:0"])
    .optional()
    .describe(
      "chromaSubsampling of jpeg and avif, in quotes, since YAML takes it for a number otherwise; 4:4:4 keeps colour edges. Default 4:2:0 for jpeg, 4:4:4 for avif.",
    ),
  lossless: z.boolean().optional().describe("lossless keeps every pixel of a webp or avif. Default false."),
  nearLossless: z
    .boolean()
    .optional()
    .describe("nearLossless lets a lossless webp change pixels a little, by `quality`. Default false."),
  palette: z
    .strictObject({
      colours: z.int().min(2).max(256).default(256).describe("colours to keep. Default 256."),
      dither: z.number().min(0).max(1).default(1).describe("dither from 0 to 1. Default 1."),
    })
    .optional()
    .describe("palette makes a png or gif of few colours."),
  compression: z
    .enum(["none", "lzw", "deflate", "jpeg"])
    .optional()
    .describe("compression of a tiff; jpeg goes by `quality`, the others are lossless. Default deflate."),
  bitDepth: z
    .int()
    .min(8)
    .max(16)
    .optional()
    .describe("bitDepth of each channel of a png or tiff, 8 or 16. Default 8."),
  density: z
    .int()
    .min(1)
    .max(2400)
    .optional()
    .describe("density in pixels per inch, as written into the file; no pixel changes. None when unset."),
};

const colourAndMetadata = {
  colourspace: z
    .enum(["srgb", "p3", "keep"])
    .optional()
    .describe(
      "colourspace of the pixels: srgb, p3 (Display P3, with its profile), or keep, which keeps the source's profile. Wide gamuts and CMYK are converted by their profiles. Default srgb.",
    ),
  metadata: z
    .enum(["Strip", "Copyright", "Technical", "Keep"])
    .optional()
    .describe(
      "metadata that stay: Strip none; Copyright artist and copyright; Technical these and the camera's settings, but no place, time or serial number; Keep all, the place included. All but Strip keep the label of the colours, where the source has one. A tiff carries no EXIF, so none of it stays there. A jpeg, png or webp of which nothing but metadata changes keeps its pixels as they are coded. Default Copyright.",
    ),
  keepMetadata: z
    .array(z.enum(METADATA_GROUPS))
    .min(1)
    .max(8)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe(
      "keepMetadata names groups that stay besides those of metadata: Copyright, Camera, Dates, Exif (all of it but the place, maker notes and thumbnails, serial numbers included), Gps, Iptc (in a jpeg), Xmp (all of it, with the place where it holds one), Icc.",
    ),
};

const frames = {
  animated: z
    .boolean()
    .optional()
    .describe(
      "animated keeps all frames of an animated gif or webp, with their delays and loop count; false takes one frame. Default false.",
    ),
  page: z
    .int()
    .min(0)
    .max(99_999)
    .optional()
    .describe("page is the frame or page to take, from 0. Default 0."),
  loop: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe("loop is how often an animation plays; 0 for ever. The source's own when unset."),
};

const placeholders = {
  placeholders: z
    .array(z.enum(["BlurHash", "ThumbHash", "Lqip", "DominantColour"]))
    .min(1)
    .max(4)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe(
      "placeholders to show while the image loads, in the JSON file beside it: BlurHash, ThumbHash, Lqip (a tiny webp as data URI), DominantColour.",
    ),
};

/** A rule by which a field needs one of the formats that know it; Auto may turn out to be one. */
function onlyFor(field: string, formats: readonly string[], isSet = `has(self.${field})`): Rule {
  const known = `[${[...formats, "Auto"].map((format) => `'${format}'`).join(", ")}]`;
  return {
    rule: `!(${isSet}) || self.format in ${known} || (has(self.formats) && self.formats.exists(f, f in ${known}))`,
    message: `${field} is for the formats ${formats.join(", ")}`,
    fieldPath: `.${field}`,
    reason: "FieldValueForbidden",
  };
}

const notTogether = (field: string, other: string, isSet = `has(self.${field})`): Rule => ({
  rule: `!(${isSet} && has(self.${other}))`,
  message: `${field} cannot be used together with ${other}`,
  fieldPath: `.${other}`,
  reason: "FieldValueForbidden",
});

const isAnimated = "(has(self.animated) && self.animated)";

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
        "formats to make besides format, 1 to 5, from the same decode, as for the sources of a picture element. A JSON file beside them lists all.",
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
      ].map((field) => notTogether("animated", field, isAnimated)),
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
      onlyFor("animated", ["gif", "webp"], isAnimated),
      onlyFor("loop", ["gif", "webp"]),
    ),
  )
  .describe("A still image, or an animation, made by sharp.");

export type ImageOutput = z.output<typeof imageOutput>;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];
export type MetadataGroup = (typeof METADATA_GROUPS)[number];
