import { deflateSync, gzipSync } from "node:zlib";
import sharp from "sharp";
import { chunk, gifOf, pngOf } from "./hand-made-files.ts";
import type { HostilePicture } from "./hostile-picture.ts";
import { hostileSvgs } from "./hostile-svgs.ts";
import { noise, quadrants } from "./pictures.ts";

const BROKEN = ["SourceTruncated", "SourceCorrupt", "UnsupportedFormat"] as const;

/** All of them, made anew: nothing hostile is kept in the repository. */
export async function hostilePictures(): Promise<HostilePicture[]> {
  const jpeg = await noise(200, 150).jpeg().toBuffer();
  const png = await noise(200, 150).png().toBuffer();
  const whole: Record<string, Buffer> = {
    jpeg,
    "progressive-jpeg": await noise(200, 150).jpeg({ progressive: true }).toBuffer(),
    png,
    webp: await noise(200, 150).webp().toBuffer(),
    "lossless-webp": await noise(200, 150).webp({ lossless: true }).toBuffer(),
    avif: await noise(200, 150).avif({ effort: 0 }).toBuffer(),
    gif: await noise(200, 150).gif().toBuffer(),
    tiff: await noise(200, 150).tiff({ compression: "lzw" }).toBuffer(),
  };
  const truncated: HostilePicture[] = Object.entries(whole).flatMap(([kind, bytes]) =>
    [0.03, 0.3, 0.6, 0.97].map((share) => ({
      name: `${kind} cut at ${share * 100} %`,
      content: bytes.subarray(0, Math.ceil(bytes.length * share)),
      expected: BROKEN,
    })),
  );
  const flipped: HostilePicture[] = Object.entries(whole).map(([kind, bytes]) => ({
    name: `${kind} of zeros after its first quarter`,
    content: Buffer.concat([bytes.subarray(0, bytes.length / 4), Buffer.alloc((bytes.length * 3) / 4)]),
    // Zeros are a valid, if dull, continuation of some codes.
    expected: [...BROKEN, "made"],
  }));
  return [
    ...truncated,
    ...flipped,
    ...notImages(jpeg),
    ...(await wrongNames()),
    ...(await oddSizes()),
    ...bombs(),
    ...hostileSvgs(),
    ...(await oddColours()),
    ...damagedMetadata(jpeg, png),
  ];
}

const notImages = (jpeg: Buffer): HostilePicture[] => [
  { name: "text", content: "not an image", expected: ["UnsupportedFormat"] },
  { name: "one byte", content: "\xff", expected: ["UnsupportedFormat"] },
  { name: "zeros", content: Buffer.alloc(10_000), expected: ["UnsupportedFormat"] },
  {
    name: "an HTML page",
    content: "<!DOCTYPE html><html><svg></svg></html>",
    expected: ["UnsupportedFormat"],
  },
  { name: "a PDF", content: "%PDF-1.7\n1 0 obj", expected: ["UnsupportedFormat"] },
  {
    name: "a video by its first bytes",
    content: Buffer.from("\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", "latin1"),
    expected: ["UnsupportedFormat"],
  },
  {
    name: "a HEIC by its first bytes",
    content: Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"),
    expected: BROKEN,
  },
  {
    name: "an ImageMagick script",
    content: "push graphic-context\nimage over 0,0 0,0 'ephemeral:/etc/passwd'\npop graphic-context",
    expected: ["UnsupportedFormat"],
  },
  { name: "a PostScript program", content: "%!PS\n(/etc/passwd) run", expected: ["UnsupportedFormat"] },
  { name: "a JPEG's start and nothing more", content: jpeg.subarray(0, 3), expected: BROKEN },
  {
    name: "a ZIP that ends in a JPEG",
    content: Buffer.concat([Buffer.from("PK\x03\x04"), jpeg]),
    expected: ["UnsupportedFormat"],
  },
  {
    name: "a JPEG that ends in a ZIP and a script",
    content: Buffer.concat([jpeg, Buffer.from("PK\x03\x04<script>alert(1)</script>")]),
    expected: "made",
  },
  {
    name: "a JPEG with junk before it",
    content: Buffer.concat([Buffer.from("junk"), jpeg]),
    expected: ["UnsupportedFormat"],
  },
];

async function wrongNames(): Promise<HostilePicture[]> {
  const picture = () => quadrants();
  return [
    {
      name: "a PNG named .jpg",
      file: "wrong.jpg",
      content: await picture().png().toBuffer(),
      expected: "made",
    },
    {
      name: "a WebP named .png",
      file: "wrong.png",
      content: await picture().webp().toBuffer(),
      expected: "made",
    },
    {
      name: "a name with spaces and quotes",
      file: `it's a "photo" (1).jpg`,
      content: await picture().jpeg().toBuffer(),
      expected: "made",
    },
    {
      name: "a name in several scripts",
      file: "фото-写真-🏖️.jpg",
      content: await picture().jpeg().toBuffer(),
      expected: "made",
    },
    {
      name: "a name with a newline",
      file: "two\nlines.jpg",
      content: await picture().jpeg().toBuffer(),
      expected: "made",
    },
    {
      name: "a name with a leading dash",
      file: "-rf.jpg",
      content: await picture().jpeg().toBuffer(),
      expected: "made",
    },
    {
      name: "a name that libvips would read as options",
      file: "a.jpg[shrink=8]",
      content: await picture().jpeg().toBuffer(),
      expected: "made",
    },
    {
      name: "a name without extension",
      file: "noextension",
      content: await picture().jpeg().toBuffer(),
      expected: "made",
    },
    {
      name: "a name that is all dots",
      file: "....",
      content: await picture().jpeg().toBuffer(),
      expected: "made",
    },
  ];
}

async function oddSizes(): Promise<HostilePicture[]> {
  const strip = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "#808080" } });
  return [
    { name: "1 × 1", content: await strip(1, 1).png().toBuffer(), expected: "made" },
    { name: "1 × 65535", content: await strip(1, 65_535).png().toBuffer(), expected: "made" },
    { name: "65535 × 1", content: await strip(65_535, 1).png().toBuffer(), expected: "made" },
    { name: "a JPEG of 65500 × 1", content: await strip(65_500, 1).jpeg().toBuffer(), expected: "made" },
    { name: "a GIF of 1 × 1", content: await strip(1, 1).gif().toBuffer(), expected: "made" },
  ];
}

const bombs = (): HostilePicture[] => [
  {
    name: "a PNG of 30000 × 30000 in 110 KB",
    content: pngOf(30_000, 30_000, 30_000),
    expected: ["SourceTooLarge"],
  },
  {
    name: "a PNG that claims 2 × 10⁹ pixels across",
    content: pngOf(2_000_000_000, 1, 1),
    expected: ["SourceTooLarge", "SourceCorrupt", "SourceTruncated"],
  },
  { name: "a PNG of no width", content: pngOf(0, 10, 10), expected: ["SourceCorrupt", "SourceTruncated"] },
  { name: "a PNG with fewer lines than it claims", content: pngOf(500, 500, 3), expected: BROKEN },
  { name: "a GIF of 100000 frames", content: gifOf(100_000), expected: "made" },
  {
    name: "an SVG packed by gzip",
    content: gzipSync(`<svg xmlns="http://www.w3.org/2000/svg">${" ".repeat(50_000_000)}</svg>`),
    expected: ["UnsupportedFormat"],
  },
  {
    name: "an SVG of 17 MB",
    content: `<svg xmlns="http://www.w3.org/2000/svg">${" ".repeat(17 * 2 ** 20)}</svg>`,
    expected: ["SourceTooLarge"],
  },
];

async function oddColours(): Promise<HostilePicture[]> {
  const cmyk = await quadrants().toColourspace("cmyk").jpeg().toBuffer();
  return [
    { name: "CMYK without a profile", content: cmyk, expected: "made" },
    {
      name: "16 bits a channel",
      content: await quadrants().toColourspace("rgb16").png().toBuffer(),
      expected: "made",
    },
    { name: "one bit a pixel", content: pngOf(64, 64, 64), expected: "made" },
    {
      name: "a TIFF of floats",
      content: await quadrants().toColourspace("scrgb").tiff({ compression: "none" }).toBuffer(),
      expected: "made",
    },
    {
      name: "a palette with alpha",
      content: await quadrants().ensureAlpha(0.5).png({ palette: true }).toBuffer(),
      expected: "made",
    },
  ];
}

/** Metadata that lie; the picture itself is whole, so it is made. */
function damagedMetadata(jpeg: Buffer, png: Buffer): HostilePicture[] {
  const segment = (marker: number, body: Buffer) => {
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(body.length + 2, 2);
    return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
  };
  const exif = (body: string) => segment(0xe1, Buffer.from(`Exif\0\0${body}`, "latin1"));
  const afterHeader = (added: Buffer) => Buffer.concat([png.subarray(0, 33), added, png.subarray(33)]);
  const icc = Buffer.concat([Buffer.from("p\0\0"), deflateSync(Buffer.alloc(300, 0xaa))]);
  return [
    { name: "EXIF of noise", content: exif("\x13\x37".repeat(200)), expected: "made" },
    {
      name: "EXIF whose directory points at itself",
      content: exif("II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0"),
      expected: "made",
    },
    {
      name: "EXIF with orientation 99",
      content: exif("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0"),
      expected: "made",
    },
    {
      name: "EXIF with a value of 4 GB",
      content: exif("II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\xff\xff\xff\xff\x1a\0\0\0\0\0\0\0"),
      expected: "made",
    },
    {
      name: "XMP that is no XML",
      content: segment(0xe1, Buffer.from("http://ns.adobe.com/xap/1.0/\0<<<<")),
      expected: "made",
    },
    {
      name: "a colour profile of noise in a JPEG",
      content: segment(
        0xe2,
        Buffer.concat([Buffer.from("ICC_PROFILE\0\x01\x01", "latin1"), Buffer.alloc(400, 0x55)]),
      ),
      expected: "made",
    },
    {
      name: "a colour profile of noise in a PNG",
      content: afterHeader(chunk("iCCP", icc)),
      expected: "made",
    },
    {
      name: "a PNG comment that unpacks to 50 MB",
      content: afterHeader(
        chunk("zTXt", Buffer.concat([Buffer.from("k\0\0"), deflateSync(Buffer.alloc(50_000_000))])),
      ),
      expected: "made",
    },
    {
      name: "a PNG chunk with a wrong checksum",
      content: Buffer.from(png).fill(0, png.length - 20, png.length - 16),
      expected: ["SourceCorrupt", "SourceTruncated", "made"],
    },
  ];
}
