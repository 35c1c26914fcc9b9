import type { z } from "zod";
import type { imageOutput } from "../../crds/outputs/image.ts";

type Fields = Partial<z.input<typeof imageOutput>>;

/** What a picture on the page shows: one field, its value, and what is needed for it to be seen. */
export interface FieldExample {
  field: keyof z.input<typeof imageOutput>;
  /** `dogs` is upright by its EXIF orientation alone; `spin` moves; `logo` has alpha; `glow` has a wide gamut; `dusk` has 16 bits, of which few tell. */
  source: "dogs" | "meadow" | "spin" | "logo" | "glow" | "dusk";
  image: Fields;
  /** Another value, where the picture alone does not show what its own does, and how the two are shown. */
  against?: { image: Fields; shown: "enlarged" | "stretched" | "half loaded" | "told"; stronger?: number };
}

/** Small enough for a page, large enough to see. */
const SIZE: Fields = { width: 200 };
const BOX: Fields = { width: 200, height: 120 };

const meadow = (field: FieldExample["field"], image: Fields): FieldExample => ({
  field,
  source: "meadow",
  image: { ...SIZE, ...image },
});
const dogs = (field: FieldExample["field"], image: Fields): FieldExample => ({
  field,
  source: "dogs",
  image: { ...BOX, ...image },
});

/** With a picture that shows the difference to another value. */
const against = (
  example: FieldExample,
  image: Fields,
  shown: Against["shown"],
  stronger = 8,
): FieldExample => ({
  ...example,
  against: { image, shown, stronger },
});
type Against = NonNullable<FieldExample["against"]>;

/** Every field of an image output, in the order of the page. */
export const FIELD_EXAMPLES: readonly FieldExample[] = [
  meadow("format", { format: "jpeg" }),
  meadow("formats", { format: "jpeg", formats: ["avif", "webp"] }),
  meadow("width", { width: 120 }),
  dogs("height", { width: undefined, height: 120 }),
  meadow("widths", { width: undefined, widths: [80, 160], format: "webp" }),
  dogs("fit", { fit: "contain", background: "#335577" }),
  dogs("position", { position: "attention" }),
  { field: "kernel", source: "spin", image: { width: 200, kernel: "nearest" } },
  { field: "withoutEnlargement", source: "spin", image: { width: 200, withoutEnlargement: true } },
  { field: "upscale", source: "spin", image: { upscale: 4 } },
  { field: "autoOrient", source: "dogs", image: { width: 200, autoOrient: false } },
  meadow("extract", { extract: { left: 100, top: 100, width: 400, height: 300 } }),
  { field: "trim", source: "logo", image: { trim: { margin: 4 }, background: "#ffffff" } },
  dogs("rotate", { rotate: 15, background: "#335577" }),
  dogs("flip", { flip: true }),
  dogs("flop", { flop: true }),
  dogs("extend", { extend: { top: 20, right: 20, bottom: 20, left: 20, extendWith: "mirror" } }),
  dogs("shape", { shape: { rounded: { radius: 30 } } }),
  dogs("background", { fit: "contain", background: "#ffcc00" }),
  { field: "flatten", source: "logo", image: { flatten: true, background: "#335577" } },
  dogs("grayscale", { grayscale: true }),
  dogs("negate", { negate: true }),
  dogs("tint", { tint: "#c08040" }),
  dogs("normalise", { normalise: { lower: 5, upper: 90 } }),
  dogs("clahe", { clahe: { width: 32, height: 32, maxSlope: 6 } }),
  dogs("gamma", { gamma: 3 }),
  dogs("modulate", { modulate: { saturation: 2, hue: 60 } }),
  dogs("median", { median: 7 }),
  dogs("blur", { blur: 4 }),
  dogs("sharpen", { sharpen: { sigma: 2, m2: 6 } }),
  against(dogs("enhance", { enhance: { strength: 0.8 } }), {}, "enlarged", 2),
  dogs("overlays", {
    overlays: [
      { text: { text: "mediajob", size: 22, font: "sans bold" }, gravity: "southeast", opacity: 0.8 },
    ],
  }),
  dogs("quality", { format: "jpeg", quality: 8 }),
  dogs("maxBytes", { format: "jpeg", maxBytes: 2500 }),
  against(dogs("effort", { format: "webp", effort: 6 }), { effort: 0 }, "told"),
  against(dogs("progressive", { format: "jpeg", progressive: true }), { progressive: false }, "half loaded"),
  against(dogs("mozjpeg", { format: "jpeg", mozjpeg: true }), { mozjpeg: false }, "told"),
  against(
    dogs("chromaSubsampling", { format: "jpeg", chromaSubsampling: "4:4:4" }),
    { chromaSubsampling: "4:2:0" },
    "enlarged",
  ),
  against(dogs("lossless", { format: "webp", lossless: true }), { lossless: false }, "enlarged"),
  against(
    dogs("nearLossless", { format: "webp", nearLossless: true, quality: 20 }),
    { lossless: true, nearLossless: false },
    "enlarged",
  ),
  dogs("palette", { format: "png", palette: { colours: 8 } }),
  against(dogs("compression", { format: "tiff", compression: "jpeg" }), { compression: "lzw" }, "enlarged"),
  against(
    { field: "bitDepth", source: "dusk", image: { format: "png", bitDepth: 16 } },
    { bitDepth: 8 },
    "stretched",
    16,
  ),
  against(dogs("density", { format: "jpeg", density: 300 }), { density: 72 }, "told"),
  against(
    { field: "colourspace", source: "glow", image: { colourspace: "p3", lossless: true } },
    { colourspace: "srgb" },
    "enlarged",
    4,
  ),
  against(dogs("metadata", { format: "jpeg", metadata: "Strip" }), { metadata: "Keep" }, "told"),
  against(
    dogs("keepMetadata", { format: "jpeg", metadata: "Strip", keepMetadata: ["Gps", "Dates"] }),
    { keepMetadata: ["Copyright"] },
    "told",
  ),
  { field: "animated", source: "spin", image: { format: "webp", animated: true, width: 96 } },
  { field: "page", source: "spin", image: { page: 3, width: 96 } },
  { field: "loop", source: "spin", image: { format: "gif", animated: true, loop: 2, width: 96 } },
  meadow("placeholders", { placeholders: ["Lqip", "BlurHash"] }),
];
