import { deflateSync, gzipSync } from "node:zlib";
import sharp from "sharp";
import type { FailureReason } from "../../crds/failures.ts";
import { noise, quadrants } from "./pictures.ts";

/** A file that is broken or made to do harm, with what must come of it: an output, or one of these reasons. */
export interface HostilePicture {
  name: string;
  /** File name; by the picture's place when unset. */
  file?: string;
  content: Buffer | string;
  expected: "made" | readonly (FailureReason | "made")[];
}

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
    ...svgs(),
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

/** A PNG of any claimed size whose pixels are `lines` lines of zeros. */
function pngOf(width: number, height: number, lines: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8); // one bit, grey
  const line = 1 + Math.ceil(width / 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.alloc(line * lines))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), framed.length - 4);
  return framed;
}

/** ISO 3309, as PNG uses it. */
function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A GIF of 1 × 1 with so many frames. */
function gifOf(frames: number): Buffer {
  const frame = Buffer.from("21f90400010000002c00000000010001000002024401003b".slice(0, -2), "hex");
  return Buffer.concat([
    Buffer.from("GIF89a", "latin1"),
    Buffer.from("01000100800000ffffff000000", "hex"),
    ...Array<Buffer>(frames).fill(frame),
    Buffer.from([0x3b]),
  ]);
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

const svg = (attributes: string, body: string, before = "") =>
  `${before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${body}</svg>`;
const SIZE = 'width="60" height="40"';

/** Entities that hold each other ten times over, ten levels deep. */
const laughs = `<!DOCTYPE svg [<!ENTITY a0 "lol">${Array.from({ length: 9 }, (_, level) => `<!ENTITY a${level + 1} "${`&a${level};`.repeat(10)}">`).join("")}]>`;

const svgs = (): HostilePicture[] => [
  { name: "an SVG", content: svg(SIZE, '<rect width="60" height="40" fill="red"/>'), expected: "made" },
  {
    name: "an SVG with a comment, a declaration and a doctype first",
    content: svg(
      SIZE,
      "",
      '<?xml version="1.0"?><!-- a --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
    ),
    expected: "made",
  },
  {
    name: "an SVG that shows a file beside it",
    content: svg(SIZE, '<image href="secret.png" width="60" height="40"/>'),
    expected: "made",
  },
  {
    name: "an SVG that shows a file anywhere",
    content: svg(SIZE, '<image xlink:href="file:///etc/passwd" width="60" height="40"/>'),
    expected: "made",
  },
  {
    name: "an SVG that fetches",
    content: svg(SIZE, '<image href="http://127.0.0.1:1/x.png" width="60" height="40"/>'),
    expected: "made",
  },
  {
    name: "an SVG with an external entity",
    content: svg(SIZE, "<text>&x;</text>", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    expected: ["SourceCorrupt", "made"],
  },
  {
    name: "an SVG of entities within entities",
    content: svg(SIZE, "<text>&a9;</text>", laughs),
    expected: ["SourceCorrupt", "SourceTooLarge"],
  },
  {
    name: "an SVG of 10⁹ × 10⁹",
    content: svg('width="1000000000" height="1000000000"', ""),
    expected: ["SourceTooLarge", "SourceCorrupt"],
  },
  {
    name: "an SVG with a huge viewBox",
    content: svg('viewBox="0 0 100000000 100000000"', ""),
    expected: ["SourceTooLarge", "SourceCorrupt"],
  },
  {
    name: "an SVG that uses itself",
    content: svg(SIZE, '<g id="a"><use href="#a"/></g>'),
    expected: ["SourceCorrupt", "made"],
  },
  {
    name: "an SVG with a picture of 289 megapixels within it",
    content: svg(
      SIZE,
      `<image href="data:image/png;base64,${pngOf(17_000, 17_000, 17_000).toString("base64")}" width="60" height="40"/>`,
    ),
    expected: ["SourceTooLarge"],
  },
  { name: "an SVG with a script", content: svg(SIZE, "<script>while(true);</script>"), expected: "made" },
  {
    name: "an SVG in UTF-16, which libvips does not read",
    content: Buffer.from(`\ufeff${svg(SIZE, "")}`, "utf16le"),
    expected: ["UnsupportedFormat"],
  },
  {
    name: "an SVG that is not closed",
    content: '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect',
    expected: ["SourceTruncated", "SourceCorrupt"],
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
