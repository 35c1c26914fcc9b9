import { pngOf } from "./hand-made-files.ts";
import type { HostilePicture } from "./hostile-picture.ts";

const svg = (attributes: string, body: string, before = "") =>
  `${before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${body}</svg>`;
const SIZE = 'width="60" height="40"';

/** Entities that hold each other ten times over, ten levels deep. */
const laughs = `<!DOCTYPE svg [<!ENTITY a0 "lol">${Array.from({ length: 9 }, (_, level) => `<!ENTITY a${level + 1} "${`&a${level};`.repeat(10)}">`).join("")}]>`;

/** SVGs that ask for more than a picture of themselves: other files, entities, sizes without end. */
export const hostileSvgs = (): HostilePicture[] => [
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
