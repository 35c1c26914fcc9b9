import { clip, destination, many, thumbnail } from "../manifest.ts";
import { accepted, type Row, refused } from "../row.ts";

const outputs = (...all: unknown[]) => ({ spec: { outputs: all } });
const image = (fields: object) => outputs(thumbnail("thumb", fields));
const video = (fields: object) => outputs(clip("web", fields));

export const outputRows: Row[] = [
  accepted("an image and a video", outputs(thumbnail("thumb"), clip("web"))),
  accepted("fifty outputs", outputs(...many(50, (index) => thumbnail(`size-${index}`)))),
  accepted("an image as small as it gets", image({ width: 1, height: 1 })),
  accepted("an image without a size", image({ width: undefined })),
  accepted("an image's quality as a number", image({ quality: 82 })),
  accepted("an image's quality as a word", image({ quality: "Maximum" })),
  accepted(
    "an image with every word of sharp's fit and position",
    image({
      height: 320,
      fit: "contain",
      position: "right top",
    }),
  ),
  accepted("a video with nothing but defaults", outputs({ name: "web", video: {} })),
  accepted(
    "a video with its main fields",
    video({
      container: "mp4",
      codec: "h264",
      crf: 18,
      preset: "slow",
      audio: { codec: "aac", bitrateKbps: 192 },
    }),
  ),
  refused("no output", outputs(), {
    field: "spec.outputs",
    server: "should have at least 1 items",
    offline: "a list of 1 to 50 items",
  }),
  refused("51 outputs", outputs(...many(51, (index) => thumbnail(`size-${index}`))), {
    field: "spec.outputs",
    server: "must have at most 50 items",
    offline: "got a list of 51 items",
  }),
  refused("two outputs of one name", outputs(thumbnail("thumb"), clip("thumb")), {
    field: "spec.outputs[1]",
    server: "Duplicate value",
  }),
  refused("an output of no family", outputs({ name: "thumb" }), {
    field: "spec.outputs[0]",
    server: "set exactly one of",
  }),
  refused("an output of two families", outputs({ ...thumbnail("thumb"), ...clip("thumb") }), {
    field: "spec.outputs[0]",
    server: "set exactly one of",
  }),
  refused("an output of an unknown family", outputs({ ...thumbnail("thumb"), hologram: {} }), {
    field: "spec.outputs[0].hologram",
    server: "unknown field",
  }),
  refused(
    "several outputs that would get one name",
    {
      spec: {
        outputs: [thumbnail("a"), thumbnail("b")],
        destination: destination({ template: "{source}.{ext}" }),
      },
    },
    { field: "spec.destination.template", server: "must hold {output} when there are several outputs" },
  ),
  refused("an image without a format", image({ format: undefined }), {
    field: "spec.outputs[0].image.format",
    server: "Required value",
    offline: "required: expected one of jpeg",
  }),
  refused("an image format in capitals", image({ format: "WEBP" }), {
    field: "spec.outputs[0].image.format",
    server: "Unsupported value",
    offline: "did you mean webp?",
  }),
  refused("an image of width 0", image({ width: 0 }), {
    field: "spec.outputs[0].image.width",
    server: "should be greater than or equal to 1",
    offline: "a whole number from 1 to",
  }),
  refused("an image wider than WebP can hold", image({ width: 16_384 }), {
    field: "spec.outputs[0].image.width",
    server: "should be less than or equal to 16383",
    offline: "got 16384",
  }),
  refused("an image's width as a fraction", image({ width: 1.5 }), {
    field: "spec.outputs[0].image.width",
    server: "must be of type integer",
    offline: "a whole number",
  }),
  refused("an image's width as text", image({ width: "320" }), {
    field: "spec.outputs[0].image.width",
    server: "must be of type integer",
    offline: 'got "320"',
  }),
  refused("an unknown fit", image({ fit: "stretch" }), {
    field: "spec.outputs[0].image.fit",
    server: "Unsupported value",
    offline: "expected one of cover",
  }),
  refused("an image's quality of 0", image({ quality: 0 }), {
    field: "spec.outputs[0].image.quality",
    server: "should be greater than or equal to 1",
    offline: "a whole number from 1 to 100 or one of Low, Medium, High, Maximum",
  }),
  refused("an image's quality of 101", image({ quality: 101 }), {
    field: "spec.outputs[0].image.quality",
    server: "should be less than or equal to 100",
    offline: "got 101",
  }),
  refused("an image's quality in lower case", image({ quality: "high" }), {
    field: "spec.outputs[0].image.quality",
    server: "should match '^(Low|Medium|High|Maximum)$'",
    offline: "did you mean High?",
  }),
  refused("an image's quality as a number in quotes", image({ quality: "80" }), {
    field: "spec.outputs[0].image.quality",
    server: "should match",
    offline: 'got "80"',
  }),
  refused("an image's quality as true", image({ quality: true }), {
    field: "spec.outputs[0].image.quality",
    server: "must be of type integer,string",
    offline: "got true",
  }),
  refused("an image's quality as a fraction", image({ quality: 80.5 }), {
    field: "spec.outputs[0].image.quality",
    server: "must be of type",
    offline: "got 80.5",
  }),
  refused("a misspelt field of an image", image({ widht: 10 }), {
    field: "spec.outputs[0].image.widht",
    server: "unknown field",
    offline: "unknown field; did you mean width?",
  }),
  refused("a video container that does not exist", video({ container: "mp5" }), {
    field: "spec.outputs[0].video.container",
    server: "Unsupported value",
    offline: "did you mean mp4?",
  }),
  refused("a video codec that does not exist", video({ codec: "h267" }), {
    field: "spec.outputs[0].video.codec",
    server: "Unsupported value",
    offline: "did you mean",
  }),
  refused("a negative crf", video({ crf: -1 }), {
    field: "spec.outputs[0].video.crf",
    server: "should be greater than or equal to 0",
    offline: "got -1",
  }),
  refused("a preset that x264 does not have", video({ preset: "quick" }), {
    field: "spec.outputs[0].video.preset",
    server: "Unsupported value",
    offline: "expected one of ultrafast",
  }),
  refused("a video of one pixel", video({ height: 1 }), {
    field: "spec.outputs[0].video.height",
    server: "should be greater than or equal to 16",
    offline: "got 1",
  }),
  refused("audio of a video as text", video({ audio: "none" }), {
    field: "spec.outputs[0].video.audio",
    server: "must be of type object",
    offline: "expected an object",
  }),
];
