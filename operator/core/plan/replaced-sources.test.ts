import { expect, test } from "vitest";
import { mediaJob } from "../../../test/builders/core.ts";
import { replacedSources } from "./replaced-sources.ts";

const at = (path: string, claimName = "media") => ({ volume: { claimName, path } });
const jpeg = (fields: object = {}) => ({ name: "small", image: { format: "jpeg", width: 64, ...fields } });

function faults({
  paths,
  destination,
  outputs = [jpeg()],
}: {
  paths: string[];
  destination: object;
  outputs?: object[];
}) {
  const sources = paths.map((path, place) => ({ name: `photo-${place}`, ...at(path) }));
  return replacedSources(mediaJob({ sources, outputs, destination }).spec);
}

test.each([
  {
    name: "where sources and outputs have one directory",
    paths: ["in/photo-0.jpg"],
    destination: { ...at("in"), template: "{source}.{ext}" },
    outputs: [{ name: "small", image: { format: "jpeg", width: 64 } }],
    says: "in/photo-0.jpg, which is the source photo-0 itself",
  },
  {
    name: "at the volume's root",
    paths: ["photo-0/small.jpg"],
    destination: { volume: { claimName: "media" } },
    says: "photo-0/small.jpg, which is the source photo-0 itself",
  },
  {
    name: "by a file that is called as it is",
    paths: ["in/A001_C002.jpg"],
    destination: { ...at("in"), template: "{file}.{ext}" },
    says: "in/A001_C002.jpg, which is the source photo-0 itself",
  },
  {
    name: "by what is made of another",
    paths: ["a.jpg", "out/photo-0/small.jpg"],
    destination: at("out"),
    says: "names output small of source photo-0 out/photo-0/small.jpg, which is the source photo-1 itself",
  },
  {
    name: "by one width of several",
    paths: ["out/photo-0/small-20w.jpg"],
    destination: at("out"),
    outputs: [jpeg({ width: undefined, widths: [20, 40] })],
    says: "the source photo-0 itself",
  },
  {
    name: "by one format of several",
    paths: ["out/photo-0/small.webp"],
    destination: at("./out/"),
    outputs: [jpeg({ formats: ["webp"] })],
    says: "the source photo-0 itself",
  },
])("a source would be replaced: $name", ({ paths, destination, outputs, says }) => {
  expect(faults({ paths, destination, ...(outputs && { outputs }) })).toEqual([
    { path: "spec.destination.template", message: expect.stringContaining(says) },
  ]);
});

test.each([
  { name: "on another claim", paths: ["out/photo-0/small.jpg"], destination: at("out", "results") },
  { name: "in another directory", paths: ["in/photo-0/small.jpg"], destination: at("out") },
  {
    name: "where what is there is never replaced",
    paths: ["out/photo-0/small.jpg"],
    destination: { ...at("out"), onConflict: "Suffix" },
  },
  {
    name: "of another format",
    paths: ["out/photo-0/small.jpg"],
    destination: at("out"),
    outputs: [jpeg({ format: "png" })],
  },
  {
    name: "where only the finished file tells its format",
    paths: ["out/photo-0/small.jpg"],
    destination: at("out"),
    outputs: [jpeg({ format: "Auto" })],
  },
])("no source is replaced $name", ({ paths, destination, outputs }) => {
  expect(faults({ paths, destination, ...(outputs && { outputs }) })).toEqual([]);
});
