import { z } from "zod";

/** Formats a worker writes. */
export const IMAGE_FORMATS = ["jpeg", "png", "webp", "avif", "tiff", "gif"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** Semantic quality words; each encoder maps them to a number of its own (worker-image/image/encode/quality.ts). */
export const qualityWord = z.enum(["Low", "Medium", "High", "Maximum"]);

/** Fields that say how the pixels are written. */
export const encoding = {
  quality: z
    .union([z.int().min(1).max(100), qualityWord])
    .optional()
    .meta({ "x-kubernetes-int-or-string": true })
    .describe(
      "quality as a number from 1 to 100 or a word: Low, Medium, High, Maximum. A png is lossless but for Low and Medium, which give it a palette; a number says how good its palette is, where it has one. Default High.",
    ),
  maxBytes: z
    .int()
    .min(512)
    .max(1_073_741_824)
    .optional()
    .describe(
      "maxBytes is the largest size of the file, in bytes; the highest quality up to `quality` that keeps it is searched. Fails the output when quality 1 is larger still. For jpeg, webp and avif, and not together with lossless; another format that Auto or `formats` comes to may be larger, with the warning LargerThanAsked. No bound when unset.",
    ),
  effort: z
    .int()
    .min(0)
    .max(9)
    .optional()
    .describe(
      "effort of the encoder, 0 fastest to 9 smallest; webp counts to 6, png and gif from 1. It changes the size of a png, never its pixels unless it has a palette. Default 4, for png 6 (7 with a palette), for gif 7.",
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
      colours: z
        .int()
        .min(2)
        .max(256)
        .default(256)
        .describe(
          "colours to keep, as many as fit into whole bits: 2, 4, 16 or 256. Another number is raised to the next. Default 256.",
        ),
      dither: z.number().min(0).max(1).default(1).describe("dither from 0 to 1. Default 1."),
    })
    .optional()
    .describe("palette makes a png or gif of few colours; a png of 16 bits has none. None when unset."),
  compression: z
    .enum(["none", "lzw", "deflate", "jpeg"])
    .optional()
    .describe(
      "compression of a tiff; jpeg goes by `quality`, and has neither alpha nor 16 bits; the others are lossless. Default deflate.",
    ),
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
    .describe(
      "density in pixels per inch, as written into the file; it resamples nothing. Not for gif, which has no place for it. None when unset.",
    ),
};
