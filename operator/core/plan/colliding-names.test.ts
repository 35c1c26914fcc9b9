import { expect, test } from "vitest";
import { mediaJob, sources } from "../../../test/builders/core.ts";
import { collidingNames } from "./colliding-names.ts";

const image = (name: string, fields: object = {}) => ({
  name,
  image: { format: "webp", width: 320, ...fields },
});
const faults = ({
  template,
  onConflict = "Overwrite",
  names = ["a", "a-b"],
  outputs = [image("b-c"), image("c")],
}: {
  template: string;
  onConflict?: string;
  names?: string[];
  outputs?: object[];
}) =>
  collidingNames(
    mediaJob({
      sources: sources(...names),
      outputs,
      destination: { volume: { claimName: "media" }, template, onConflict },
    }).spec,
  );

test.each([
  { name: "a hyphen, which names hold too", template: "{source}-{output}.{ext}" },
  {
    name: "nothing between the tokens",
    template: "x/{source}{output}",
    names: ["a", "ab"],
    outputs: [image("bc"), image("c")],
  },
  {
    name: "a hyphen between the directories of two streams",
    template: "{source}-{output}.{ext}",
    outputs: [
      { name: "b-c", stream: {} },
      { name: "c", stream: {} },
    ],
  },
  {
    name: "letters between the tokens",
    template: "{source}-by-{output}.{ext}",
    names: ["a", "a-by-b"],
    outputs: [image("b-by-c"), image("c")],
  },
  {
    name: "both together in two places",
    template: "{output}-{source}/{source}-{output}",
    names: ["x-x", "x"],
    outputs: [image("x"), image("x-x")],
  },
  {
    name: "a width of one, which the other is called by",
    template: "{source}/{output}.{ext}",
    outputs: [image("b", { width: undefined, widths: [20, 40] }), image("b-40w")],
  },
  {
    name: "descriptions of sets in other formats",
    template: "{source}-{output}.{ext}",
    outputs: [image("b-c", { formats: ["avif"] }), image("c", { format: "png", placeholders: ["Lqip"] })],
  },
  {
    name: "descriptions of sources",
    template: "{source}-{output}.{ext}",
    outputs: [
      { name: "b-c", metadata: {} },
      { name: "c", metadata: {} },
    ],
  },
  {
    name: "a description of a set and one of a source",
    template: "{source}-{output}.{ext}",
    outputs: [image("b-c", { formats: ["avif"] }), { name: "c", metadata: {} }],
  },
  {
    name: "one source, and a width in one format of several",
    template: "{output}.{ext}",
    names: ["a"],
    outputs: [
      image("b", { width: undefined, widths: [20, 40], formats: ["png"] }),
      image("b-20w", { format: "png" }),
    ],
  },
  {
    name: "two sounds of one codec",
    template: "{source}-{output}.{ext}",
    outputs: [
      { name: "b-c", audio: { codec: "mp3" } },
      { name: "c", audio: { codec: "mp3", bitrateKbps: 32 } },
    ],
  },
  {
    name: "a picture out of a film and one of a photo",
    template: "{source}-{output}.{ext}",
    outputs: [{ name: "b-c", frames: { format: "jpeg" } }, image("c", { format: "jpeg" })],
  },
  {
    name: "two descriptions",
    template: "{source}{output}.{ext}",
    names: ["a", "ab"],
    outputs: [
      { name: "bc", metadata: {} },
      { name: "c", metadata: { detail: "Full" } },
    ],
  },
  {
    name: "descriptions of sets whose pictures alone tell heights",
    template: "{source}-{output}-{height}.{ext}",
    outputs: [image("b-c", { formats: ["avif"] }), image("c", { formats: ["avif"] })],
  },
])("$name: two outputs would get one name", ({ template, names, outputs }) => {
  const [fault] = faults({ template, ...(names && { names }), ...(outputs && { outputs }) });
  expect(fault?.path).toBe("spec.destination.template");
  expect(fault?.message).toMatch(/^gives output .* of source .* and output .* of source .* one name, /);
});

test.each([
  { name: "a slash between them", template: "{source}/{output}.{ext}" },
  { name: "an underscore", template: "{output}_{source}.{ext}" },
  { name: "the place in place of the name", template: "{index}.{output}.{ext}" },
  {
    name: "a hyphen and no such names",
    template: "{source}-{output}",
    names: ["a", "b"],
    outputs: [image("x"), image("y")],
  },
  {
    name: "formats that differ",
    template: "{source}-{output}.{ext}",
    outputs: [image("b-c"), image("c", { format: "png" })],
  },
  {
    name: "a sound and a description",
    template: "{source}-{output}.{ext}",
    outputs: [
      { name: "b-c", audio: { codec: "mp3" } },
      { name: "c", metadata: {} },
    ],
  },
  { name: "what only the finished file tells", template: "{source}-{output}-{hash}" },
  {
    name: "descriptions of sets whose pictures tell heights",
    template: "{source}_{output}-{height}.{ext}",
    outputs: [image("b-c", { formats: ["avif"] }), image("c", { formats: ["avif"] })],
  },
  {
    name: "sources that do not meet",
    template: "{source}-{output}",
    outputs: [{ ...image("b-c"), sources: ["a-b"] }, image("c")],
  },
  { name: "suffixes", template: "{source}-{output}", onConflict: "Suffix" },
  {
    name: "widths that the template tells apart",
    template: "{source}/{output}-{width}.{ext}",
    outputs: [image("b", { width: undefined, widths: [20, 40] }), image("b-40w")],
  },
  {
    name: "widths of another format",
    template: "{source}/{output}.{ext}",
    outputs: [image("b", { width: undefined, widths: [20, 40] }), image("b-40w", { format: "png" })],
  },
])("$name: every output has a name of its own", ({ template, names, outputs, onConflict }) => {
  expect(
    faults({
      template,
      ...(names && { names }),
      ...(outputs && { outputs }),
      ...(onConflict && { onConflict }),
    }),
  ).toEqual([]);
});

test("a file's name that a source's goes on with is looked at, of a single output too", () => {
  const sources = [
    { name: "b", volume: { claimName: "media", path: "in/ab.mov" } },
    { name: "bb", volume: { claimName: "media", path: "in/a.mov" } },
  ];
  const named = (template: string) => {
    const destination = { volume: { claimName: "media" }, template };
    return collidingNames(mediaJob({ sources, outputs: [image("small")], destination }).spec);
  };
  expect(named("{file}{source}.{ext}")).toMatchObject([{ message: expect.stringContaining("abb.webp") }]);
  expect(named("{source}/{file}.{ext}")).toEqual([]);
});

test("names of many sources that are too long for a file system are cut as they will be", () => {
  const long = "x".repeat(60);
  const outputs = [image(`${long}-y`), image(`${long}-z`)];
  const template = `{source}-{source}-{source}-${"t".repeat(100)}-{output}.{ext}`;
  const [fault] = faults({ template, names: [long, "b"], outputs });
  expect(fault?.message).toContain(`output ${long}-y of source ${long}`);
});

test("10,000 sources and 50 outputs under the default template cost nothing", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `photo-${index}`);
  const outputs = Array.from({ length: 50 }, (_, index) => image(`size-${index}`));
  expect(faults({ template: "{source}/{output}.{ext}", names, outputs })).toEqual([]);
});
