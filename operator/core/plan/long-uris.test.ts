import { expect, test } from "vitest";
import { mediaJob } from "../../../test/builders/core.ts";
import { longUris } from "./long-uris.ts";

const faults = (path: string | undefined, template = "{source}/{output}.{ext}") =>
  longUris(mediaJob({ destination: { volume: { claimName: "media", path }, template } }).spec);

test.each([
  { name: "a directory of 230 Japanese letters", path: "映".repeat(230) },
  { name: "a directory of 200, in which a report has no room", path: "映".repeat(200) },
  { name: "a directory of 150 beaches and umbrellas", path: "🏖".repeat(150) },
  { name: "a template of such letters", path: "out", template: `${"映像/".repeat(120)}{output}.{ext}` },
])("$name is refused before work starts, since no status could tell of its files", ({ path, template }) => {
  expect(faults(path, template)).toEqual([
    {
      path: "spec.destination",
      message: expect.stringMatching(/^makes URIs of up to \d+ characters, .* a status holds 2048;/),
    },
  ]);
});

test("a template that names the sources' files is refused for the longest of them", () => {
  const { spec } = mediaJob({
    sources: ["a", "映".repeat(80)].map((file, index) => ({
      name: `clip-${index}`,
      volume: { claimName: "media", path: `in/${file}.mov` },
    })),
    destination: {
      volume: { claimName: "media", path: "映".repeat(140) },
      template: "{source}/{file}.{ext}",
    },
  });
  expect(longUris(spec)).toHaveLength(1);
  expect(longUris({ ...spec, sources: spec.sources.slice(0, 1) })).toEqual([]);
});

test.each([
  { name: "the volume's root", path: undefined },
  { name: "as many letters of ASCII as a path may have", path: "a".repeat(1024) },
  { name: "150 Japanese letters", path: "映".repeat(150) },
])("$name is not", ({ path }) => expect(faults(path)).toEqual([]));
