import { expect, test } from "vitest";
import { mediaJob } from "../../../test/builders/core.ts";
import { namelessFiles } from "./nameless-files.ts";

const faults = ({
  output,
  template,
  onConflict = "Overwrite",
}: {
  output: object;
  template: string;
  onConflict?: string;
}) =>
  namelessFiles(
    mediaJob({
      outputs: [{ name: "o", ...output }],
      destination: { volume: { claimName: "media" }, template, onConflict },
    }).spec,
  ).map(({ path, message }) => `${path}: ${message}`);

const image = (fields: object) => ({ image: { format: "webp", ...fields } });
const { audio, sprites } = {
  audio: { audio: { waveform: { json: true, png: true } } },
  sprites: { frames: { count: 9, width: 64, layout: "Sprite" } },
};

test.each([
  {
    name: "the width of a sound",
    output: { audio: {} },
    template: "{output}-{width}.{ext}",
    says: /holds \{width\}, which output o cannot fill: it makes a sound file, which has none/,
  },
  {
    name: "the size of a description",
    output: { metadata: {} },
    template: "{width}x{height}.{ext}",
    says: /holds \{width\}, \{height\}, which output o cannot fill: it makes a JSON/,
  },
  {
    name: "the hash of a stream",
    output: { stream: {} },
    template: "{output}-{hash}",
    says: /makes a directory of files/,
  },
  {
    name: "the height of a track of sprites",
    output: sprites,
    template: "{output}-{height}.{ext}",
    says: /a WebVTT track/,
  },
  {
    name: "the width of subtitles",
    output: { video: { subtitleFiles: ["vtt"] } },
    template: "{width}.{ext}",
    says: /a subtitle file/,
  },
  {
    name: "a place that is the workers' own",
    output: image({}),
    template: "./.mediajob/{output}.{ext}",
    says: /workers' own/,
  },
  {
    name: "one name for two formats",
    output: image({ formats: ["jpeg"] }),
    template: "{output}",
    says: /several files of output o one name; put \{ext\} into it/,
  },
  { name: "one name for two waveforms", output: audio, template: "{output}", says: /one name/ },
  {
    name: "one name for two subtitle files",
    output: { video: { subtitleFiles: ["vtt", "srt"] } },
    template: "film.mp4",
    says: /one name/,
  },
])("a template that asks for $name is refused before work starts", ({ output, template, says }) => {
  expect(faults({ output, template })).toEqual([expect.stringMatching(says)]);
});

test.each([
  {
    name: "the size of a picture",
    output: image({ widths: [32, 64] }),
    template: "{output}-{width}x{height}.{ext}",
  },
  { name: "the size of a video", output: { video: {} }, template: "{output}-{width}.{format}" },
  { name: "the hash of a sound", output: { audio: {} }, template: "{output}-{hash}.{ext}" },
  { name: "a file without an extension", output: image({}), template: "{output}" },
  {
    name: "widths, which are told apart by what follows the name",
    output: image({ widths: [32, 64] }),
    template: "{output}",
  },
  {
    name: "a width, whose description has a name of its own",
    output: image({ widths: [64] }),
    template: "{output}-{width}",
  },
  {
    name: "a picture, whose description is a .json",
    output: image({ placeholders: ["BlurHash"] }),
    template: "cover.webp",
  },
  { name: "a directory for a stream", output: { stream: {} }, template: "{source}/{output}.{ext}" },
  { name: "sprites and their track, which are numbered apart", output: sprites, template: "{output}" },
  {
    name: "two formats in one format's name",
    output: image({ formats: ["jpeg"] }),
    template: "{format}/{output}",
  },
])("one that asks for $name is not", ({ output, template }) =>
  expect(faults({ output, template })).toEqual([]),
);

test("suffixes tell files of one name apart", () => {
  expect(faults({ output: audio, template: "{output}", onConflict: "Suffix" })).toEqual([]);
});
