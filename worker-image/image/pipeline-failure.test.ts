import sharp from "sharp";
import { expect, test } from "vitest";
import { imageOutput } from "../../crds/outputs/image.ts";
import { WorkFailure } from "../work-failure.ts";
import { pipelineFailure } from "./pipeline-failure.ts";
import { decodeFailure } from "./read/decode-failure.ts";
import type { ImageSource } from "./read/image-source.ts";
import type { Rendering } from "./rendering.ts";

const sound = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#808080" } })
  .png({ compressionLevel: 0 })
  .toBuffer();
const sourceOf = (file: Buffer) =>
  ({
    header: { width: 64 },
    frames: 1,
    decode: () => sharp(file),
    explain: async (error) => decodeFailure(error, { what: "source a", kind: "png", cutShort: false }),
  }) as ImageSource;
const rendering = {
  output: "thumb",
  format: "png",
  settings: imageOutput.parse({ format: "png" }),
} as Rendering;
/** What is told of an error, and whether of the output alone. */
const told = async (error: unknown, { isDecoded = false, file = sound } = {}) => {
  const failure = await pipelineFailure(error, { image: sourceOf(file), rendering, isDecoded }).then(
    (of) => ({ of, isOfOutput: true }),
    (of: unknown) => ({ of, isOfOutput: false }),
  );
  return [failure.of instanceof WorkFailure ? failure.of.reason : failure.of, failure.isOfOutput];
};

const TOO_LARGE = new Error("rank: window too large");

test.each([true, false])(
  "what a sound source does not fail by is its output's, decoded already: %s",
  async (isDecoded) => {
    expect(await told(TOO_LARGE, { isDecoded })).toEqual(["InvalidOutputSpec", true]);
    const { message } = (await pipelineFailure(TOO_LARGE, {
      ...{ image: sourceOf(sound), rendering, isDecoded },
    })) as Error;
    expect(message).toBe("output thumb cannot be made as png: rank: window too large");
  },
);

test("a source that cannot be decoded by itself is at fault, whatever the pipeline said", async () => {
  const broken = sound.subarray(0, 4000);
  expect(await told(TOO_LARGE, { file: broken })).toEqual(["SourceCorrupt", false]);
});

test.each([
  { said: "timeout: 12% complete", reason: "SourceTooLarge" },
  { said: "out of memory --- size == 48MB", reason: "MemoryLimitExceeded" },
])("$said is told of the source, or of the output of a source that was decoded", async ({ said, reason }) => {
  expect(await told(new Error(said))).toEqual([reason, false]);
  expect(await told(new Error(said), { isDecoded: true })).toEqual([reason, true]);
});

test("failures that are known, errors of the system and defects stay what they are", async () => {
  for (const error of [
    new WorkFailure("SourceNotFound", "no overlay"),
    Object.assign(new Error("EIO: i/o error"), { code: "EIO" }),
    new TypeError("undefined is not a function"),
  ]) {
    const [of, isOfOutput] = await told(error);
    expect([of, isOfOutput]).toEqual([error instanceof WorkFailure ? error.reason : error, true]);
  }
});
