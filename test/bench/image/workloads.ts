import sharp from "sharp";
import { noise, photo } from "../../worker/pictures.ts";
import type { Bench } from "./bench.ts";
import { bareSharp, eachFile, pillow } from "./contenders.ts";
import type { Workload } from "./workload.ts";

const SET_WIDTHS = [1280, 640, 320];

/** What is measured, with the same settings for everybody; bare-sharp.ts and pillow.py hold theirs. */
export const workloads = (bench: Bench): Workload[] => {
  const { vipsthumbnail, convert } = bench.programs;
  return [
    {
      name: "photos", // of 12 to 24 MP, to a thumbnail
      files: 200,
      distinct: 8,
      make: async (index) =>
        (await photo(12 + (index % 4) * 4)).removeAlpha().jpeg({ quality: 90 }).toBuffer(),
      outputs: [{ name: "o", image: { format: "webp", width: 320, quality: 75, metadata: "Strip" } }],
      contenders: {
        "bare sharp": {
          "2 in flight": bareSharp("photos", 2),
          "3 in flight": bareSharp("photos", 3),
          "4 in flight": bareSharp("photos", 4),
        },
        vipsthumbnail: {
          "a process each": eachFile((file, out) => [
            vipsthumbnail,
            ...[file, "-s", "320x", "-o", `${out}.webp[Q=75]`],
          ]),
        },
        "Pillow at its best": { draft: pillow(bench, "photos", "draft") },
        "ImageMagick at its best": {
          "jpeg:size": eachFile((file, out) => [
            ...[convert, "-define", "jpeg:size=640x640", file],
            ...["-resize", "320x", "-quality", "75", `${out}.webp`],
          ]),
        },
        Pillow: { plain: pillow(bench, "photos", "plain") },
        ImageMagick: {
          plain: eachFile((file, out) => [
            ...[convert, file, "-resize", "320x", "-quality", "75", `${out}.webp`],
          ]),
        },
      },
      targets: {
        "bare sharp": 0.95,
        vipsthumbnail: 1.7,
        "Pillow at its best": 1,
        Pillow: 5,
        ImageMagick: 5,
      },
    },
    {
      name: "sets", // of drawings with alpha, 4 MP, to three sizes in two formats
      files: 100,
      distinct: 4,
      make: async () => {
        const picture = await (await photo(4)).removeAlpha().png().toBuffer();
        return await sharp(picture).ensureAlpha(0.8).png({ compressionLevel: 3 }).toBuffer();
      },
      outputs: [
        {
          name: "o",
          image: { format: "jpeg", widths: SET_WIDTHS, formats: ["webp"], metadata: "Strip", quality: 75 },
        },
      ],
      contenders: {
        "bare sharp": {
          "2 in flight": bareSharp("sets", 2),
          "3 in flight": bareSharp("sets", 3),
        },
        Pillow: { "one decode": pillow(bench, "sets", "plain") },
        ImageMagick: {
          "one decode": eachFile((file, out) => [
            ...[convert, file],
            ...SET_WIDTHS.flatMap((width) => [
              ...["(", "+clone", "-resize", `${width}x`, "-quality", "75", "-write", `${out}-${width}.webp`],
              ...["-background", "white", "-flatten", "-write", `${out}-${width}.jpg`, "+delete", ")"],
            ]),
            "null:",
          ]),
        },
      },
      targets: { "bare sharp": 0.95, Pillow: 1.5, ImageMagick: 1.5 },
    },
    {
      name: "avif", // of 4 MP, encoded at 1280 pixels
      files: 30,
      distinct: 4,
      make: async () => (await photo(4)).removeAlpha().jpeg({ quality: 90 }).toBuffer(),
      outputs: [{ name: "o", image: { format: "avif", width: 1280, quality: 60, metadata: "Strip" } }],
      contenders: {
        "bare sharp": {
          "2 in flight, 1 thread": bareSharp("avif", 2),
          "3 in flight, 1 thread": bareSharp("avif", 3),
        },
        Pillow: { draft: pillow(bench, "avif", "draft") },
      },
      targets: { "bare sharp": 0.95 },
    },
    {
      name: "large", // one JPEG of 50 MB, to 1080 pixels
      files: 1,
      distinct: 1,
      make: () => largeJpeg(),
      outputs: [{ name: "o", image: { format: "jpeg", width: 1080, metadata: "Strip" } }],
      contenders: {
        "bare sharp": { "1 thread": bareSharp("large", 1), "2 threads": bareSharp("large", 1, 2) },
        vipsthumbnail: {
          "a process each": eachFile((file, out) => [
            vipsthumbnail,
            ...[file, "-s", "1080x", "-o", `${out}.jpg[Q=85]`],
          ]),
        },
        "Pillow at its best": { draft: pillow(bench, "large", "draft") },
        "ImageMagick at its best": {
          "jpeg:size": eachFile((file, out) => [
            ...[convert, "-define", "jpeg:size=2160x2160", file],
            ...["-resize", "1080x", "-quality", "85", `${out}.jpg`],
          ]),
        },
      },
      targets: {},
    },
  ];
};

/** 50 MB of noise, which entropy coding makes as slow as a photo can be. */
export const largeJpeg = (): Promise<Buffer> => noise(7744, 5632).jpeg({ quality: 97 }).toBuffer();
