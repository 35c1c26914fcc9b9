import { posix } from "node:path";
import { expect, test } from "vitest";
import {
  dateToken,
  descriptionTemplate,
  expandTemplate,
  fileToken,
  indexToken,
  NamingError,
  parseVolumeUri,
  TEMPLATE_PATTERN,
  tokensOf,
  volumeUri,
  withSuffix,
} from "./naming.ts";

const values = {
  source: "beach",
  file: "A001_C002",
  output: "thumb",
  ext: "webp",
  width: 320,
  height: 240,
  hash: "0123456789abcdef",
  index: "007",
  date: "2026-01-31",
};

test.each([
  {
    name: "the default puts a source's outputs into its directory",
    template: "{source}/{output}.{ext}",
    expected: "beach/thumb.webp",
  },
  {
    name: "a token may come twice",
    template: "{source}/{source}-{width}x{height}.{ext}",
    expected: "beach/beach-320x240.webp",
  },
  {
    name: "a source's place and the day of the MediaJob are tokens",
    template: "{date}/{index}-{output}.{ext}",
    expected: "2026-01-31/007-thumb.webp",
  },
  {
    name: "a proxy may be called as its original is",
    template: "{output}/{source}/{file}.{ext}",
    expected: "thumb/beach/A001_C002.webp",
  },
  { name: "empty and dot segments fall away", template: "a//./{output}.{ext}", expected: "a/thumb.webp" },
  {
    name: "a leading slash stays within the destination",
    template: "/{output}.{ext}",
    expected: "thumb.webp",
  },
  {
    name: "control characters become underscores",
    template: "a\nb\t{output}.{ext}",
    expected: "a_b_thumb.webp",
  },
  {
    name: "dots and spaces at the edges of a name are cut",
    template: "  in. /{output}.{ext} ",
    expected: "in/thumb.webp",
  },
  {
    name: "a name of nothing but dots and spaces is called output",
    template: "... /{output}.{ext}",
    expected: "output/thumb.webp",
  },
  { name: "a hidden file may be wanted", template: ".cache/{output}.{ext}", expected: ".cache/thumb.webp" },
])("$name", ({ template, expected }) => expect(expandTemplate(template, values)).toBe(expected));

test.each([
  {
    name: "an unknown token is named with those that exist",
    template: "{sorce}.{ext}",
    message: /\{sorce\} is no token; there are \{source\}/,
  },
  {
    name: "a token without a value is said to have none",
    template: "{format}.{ext}",
    message: /\{format\} has no value here/,
  },
  { name: "a lone brace is no part of a name", template: "{output.{ext}", message: /no token|brace/ },
  { name: "two dots never climb", template: "../{output}.{ext}", message: /leaves the destination/ },
  {
    name: "two dots never climb from the middle either",
    template: "a/../../{output}.{ext}",
    message: /leaves the destination/,
  },
  { name: "a directory is no file name", template: "{source}/", message: /names no file/ },
  {
    name: "the workers' own directory is theirs in any spelling",
    template: ".MediaJob/{output}.{ext}",
    message: /workers' own/,
  },
])("$name", ({ template, message }) => {
  expect(() => expandTemplate(template, values)).toThrow(NamingError);
  expect(() => expandTemplate(template, values)).toThrow(message);
});

test.each([
  { name: "has a place for it", template: "{date}/{output}.{ext}", expected: "{date}/{output}.{ext}" },
  {
    name: "tells widths apart",
    template: "a/{source}/{output}-{width}.{ext}",
    expected: "a/{source}/{output}.{ext}",
  },
  {
    name: "has a directory a width",
    template: "a/{source}/{width}/{output}.{ext}",
    expected: "a/{source}/{output}.{ext}",
  },
  {
    name: "begins with a format",
    template: "{format}/{source}/{output}.{ext}",
    expected: "{source}_{output}.{ext}",
  },
  {
    name: "names the output last",
    template: "a/{source}-{width}-{output}.{ext}",
    expected: "a/{source}_{output}.{ext}",
  },
  {
    name: "has letters of its own",
    template: "{source}/web_{width}x{height}.{ext}",
    expected: "{source}/web.{ext}",
  },
  {
    name: "is a width",
    template: "{source}_{output}/{width}.{ext}",
    expected: "{source}_{output}/{output}.{ext}",
  },
  { name: "is a hash", template: "{hash}.{ext}", expected: "{output}.{ext}" },
  {
    name: "has the format for an extension",
    template: "{source}/{output}.{format}",
    expected: "{source}/{output}.{ext}",
  },
  {
    name: "has an extension of its own",
    template: "a/{source}.{output}.webp",
    expected: "a/{source}.{output}.{ext}",
  },
  { name: "has no extension", template: "{source}.{output}", expected: "{source}.{output}.{ext}" },
])("a description lies beside its pictures where the template $name", ({ template, expected }) => {
  expect(descriptionTemplate(template)).toBe(expected);
});

test("a value cannot bring a separator or climb", () => {
  expect(expandTemplate("{source}.{ext}", { source: "../../etc/passwd", ext: "png" })).toBe(
    ".._.._etc_passwd.png",
  );
  expect(() => expandTemplate("{source}/x", { source: ".." })).toThrow(/leaves the destination/);
});

test("a long name is cut to 255 bytes, before its extension and between characters", () => {
  const path = expandTemplate("{source}.{ext}", { source: "ö".repeat(300), ext: "webp" });
  expect(new TextEncoder().encode(path).length).toBe(255);
  expect(path).toMatch(/^ö+\.webp$/);
});

test("the tokens of a template are found once each", () => {
  expect(tokensOf("{source}/{source}-{width}.{ext}")).toEqual(["source", "ext", "width"]);
});

test.each([
  { template: "{source}/{output}-{width}w.{ext}", ok: true },
  { template: "plain.jpg", ok: true },
  { template: "{sorce}", ok: false },
  { template: "{source", ok: false },
  { template: "source}", ok: false },
])("the pattern for the API takes known tokens only: $template", ({ template, ok }) => {
  expect(new RegExp(TEMPLATE_PATTERN).test(template)).toBe(ok);
});

test.each([
  { path: "in/A001_C002.mov", expected: "A001_C002" },
  { path: "Day 1/Tür.v2.mxf", expected: "Tür.v2" },
  { path: "in/.hidden", expected: ".hidden" },
  { path: "in/plain/", expected: "plain" },
  { path: "in/a\tb.mov", expected: "a_b" },
])("the file of $path is called $expected", ({ path, expected }) => {
  expect(fileToken({ name: "clip", volume: { claimName: "media", path } })).toBe(expected);
});

test.each([
  { place: 0, count: 1, expected: "1" },
  { place: 0, count: 9, expected: "1" },
  { place: 8, count: 10, expected: "09" },
  { place: 9, count: 10, expected: "10" },
  { place: 9999, count: 10_000, expected: "10000" },
])("the index of place $place of $count is $expected, so that names sort", ({ place, count, expected }) => {
  expect(indexToken(place, count)).toBe(expected);
});

test("the date is that of creation in UTC, whatever the zone it is written in", () => {
  expect(dateToken("2026-01-31T23:59:59Z")).toBe("2026-01-31");
  expect(dateToken("2026-02-01T00:30:00+01:00")).toBe("2026-01-31");
});

test("no template and no values lead out of the destination or into the workers' own directory", () => {
  // Every pair and triple of what has ever climbed: dots, separators, encodings, drives, control characters.
  const parts = [
    "..",
    ".",
    "/",
    "\\",
    "\0",
    "\n",
    "%2e%2e%2f",
    " ",
    "C:",
    "~",
    ".mediajob",
    "a",
    "{source}",
    "{file}",
    "{index}",
  ];
  const expanded = parts.flatMap((a) =>
    parts.flatMap((b) =>
      parts.flatMap((c) => {
        try {
          return [expandTemplate(a + b + c, { source: b + c, file: c + b, index: `${c}${a}` })];
        } catch (error) {
          if (error instanceof NamingError) return [];
          throw error;
        }
      }),
    ),
  );
  expect(expanded.length).toBeGreaterThan(500);
  const leads = (path: string) => {
    const segments = path.split("/");
    return (
      segments.includes("..") ||
      segments.includes("") ||
      /^\.mediajob(\/|$)/i.test(path) ||
      !posix.normalize(posix.join("/root", path)).startsWith("/root/")
    );
  };
  expect(expanded.filter(leads)).toEqual([]); // one by one they take as long as all other rows together
});

test("a suffix goes before the extension of the last segment", () => {
  expect(withSuffix("a.b/c.webp", "_001")).toBe("a.b/c_001.webp");
  expect(withSuffix("a.b/c", "_001")).toBe("a.b/c_001");
  expect(withSuffix("a/.hidden", "_001")).toBe("a/.hidden_001");
});

test("no suffix leads out of the directory", () => {
  expect(withSuffix("a/b.vtt", ".1./../../../etc/evil")).toBe("a/b.1._.._.._.._etc_evil.vtt");
  expect(withSuffix("a/b.vtt", ".\\..\\\n")).toBe("a/b._..__.vtt");
});

test("a name is cut before its suffix, so that two with other suffixes stay two", () => {
  const path = `a/${"ü".repeat(125)}.webp`;
  expect(withSuffix(path, "_001")).toBe(`a/${"ü".repeat(123)}_001.webp`);
  expect(withSuffix(path, "_002")).toBe(`a/${"ü".repeat(123)}_002.webp`);
});

test("a uri leads back to its claim and path, whatever the path holds", () => {
  const path = "in/ö b#1?/100%.jpg";
  expect(volumeUri("media", path)).toBe("volume://media/in/%C3%B6%20b%231%3F/100%25.jpg");
  expect(parseVolumeUri(volumeUri("media", path))).toEqual({ claimName: "media", path });
  expect(parseVolumeUri("s3://bucket/key")).toBeUndefined();
});
