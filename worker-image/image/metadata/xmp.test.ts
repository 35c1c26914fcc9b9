import { expect, test } from "vitest";
import { copyrightXmp, uprightXmp } from "./xmp.ts";

test.each([
  { xmp: "<tiff:Orientation>6</tiff:Orientation>", expected: "<tiff:Orientation>1</tiff:Orientation>" },
  {
    xmp: `<rdf:Description tiff:Orientation="8" a="8"/>`,
    expected: `<rdf:Description tiff:Orientation="1" a="8"/>`,
  },
  { xmp: "tiff:Orientation = '3'", expected: "tiff:Orientation = '1'" },
  { xmp: "<tiff:Orientation>62</tiff:Orientation>", expected: "<tiff:Orientation>62</tiff:Orientation>" },
  { xmp: "<dc:title>Jürgen 日本 6</dc:title>", expected: "<dc:title>Jürgen 日本 6</dc:title>" },
])("XMP says that a picture is upright: $xmp", ({ xmp, expected }) => {
  expect(uprightXmp(Buffer.from(xmp)).toString()).toBe(expected);
});

const one = (value: string, language = "x-default") =>
  `<rdf:Alt>\n <rdf:li xml:lang='${language}'>${value}</rdf:li>\n</rdf:Alt>`;

test.each([
  {
    name: "in all languages",
    xmp: `<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ann &amp; Bob</rdf:li><rdf:li xml:lang="de-DE">日本</rdf:li></rdf:Alt></dc:rights>`,
  },
  {
    name: "in letters, whatever their quotes",
    xmp: `<xmpRights:UsageTerms>${one("none")}</xmpRights:UsageTerms>`,
  },
  {
    name: "of several people",
    xmp: "<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li><rdf:li>Bob</rdf:li></rdf:Seq></dc:creator>",
  },
  { name: "in no list", xmp: "<photoshop:Credit>Ann</photoshop:Credit>" },
  {
    name: "in attributes",
    xmp: `<rdf:Description xmpRights:Marked="True"\n photoshop:City="Bonn" xmpRights:WebStatement='https://a.b/?c=1&amp;d="2"'/>`,
    kept: `<xmpRights:Marked>True</xmpRights:Marked><xmpRights:WebStatement>https://a.b/?c=1&amp;d="2"</xmpRights:WebStatement>`,
  },
])("a copyright $name stays as it is coded, and nothing that stands beside it", ({ xmp, kept = xmp }) => {
  const beside = "<exif:GPSLatitude>52,30N</exif:GPSLatitude><dc:source>a remark</dc:source>";
  const text = copyrightXmp(Buffer.from(`<rdf:RDF>${beside}${xmp}${beside}</rdf:RDF>`))?.toString();
  expect(text?.match(/xmpRights="[^"]*">(.*)<\/rdf:Description>/s)?.[1]).toBe(kept);
});

test.each([
  { name: "none", xmp: "<dc:title>a</dc:title>" },
  { name: "an empty one", xmp: "<dc:rights></dc:rights>" },
  { name: "one that does not end", xmp: "<dc:rights>a" },
  {
    name: "one with other fields in it",
    xmp: "<dc:rights><exif:GPSLatitude>52</exif:GPSLatitude></dc:rights>",
  },
  {
    name: "one with other attributes",
    xmp: `<dc:rights>${one("a").replace("xml:lang", "exif:GPS")}</dc:rights>`,
  },
  { name: "one that is longer than a law", xmp: `<dc:rights>${"a".repeat(6001)}</dc:rights>` },
  { name: "an attribute that does not end", xmp: ' xmpRights:Marked="True' },
])("of $name nothing stays", ({ xmp }) => expect(copyrightXmp(Buffer.from(xmp))).toBeUndefined());
