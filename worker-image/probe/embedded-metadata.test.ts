import { expect, test } from "vitest";
import { readEmbedded } from "./embedded-metadata.ts";

const xmpOf = (bytes: number) => {
  const head = '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:source>';
  const foot = "</dc:source></rdf:Description>";
  return Buffer.from(`${head}${"a".repeat(bytes - head.length - foot.length)}${foot}`);
};

test.each([
  { name: "as long as programs write it is read", xmp: xmpOf(128 * 1024), damaged: [] },
  { name: "that is longer is not", xmp: xmpOf(128 * 1024 + 1), damaged: ["xmp"] },
  {
    name: "that opens tags and ends none takes no time",
    xmp: Buffer.from("<a:b>".repeat(2e5)),
    damaged: ["xmp"],
  },
])("XMP $name", async ({ xmp, damaged }) => {
  const told = await readEmbedded({ xmp });
  expect(told).toMatchObject({ damaged, xmp: damaged.length === 0 ? { dc: {} } : null });
});
