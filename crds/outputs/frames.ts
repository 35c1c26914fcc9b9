import { z } from "zod";
import { validations } from "../validation.ts";

/** How many frames `everySeconds` takes at most. */
export const MOST_FRAMES = 2000;

const CHOICES = ["atSeconds", "everySeconds", "count", "sceneChanges"] as const;

export const framesOutput = z
  .strictObject({
    format: z
      .enum(["jpeg", "png", "webp", "gif"])
      .default("jpeg")
      .describe("format of the pictures: jpeg, png or webp; of an animation webp or gif."),
    quality: z
      .int()
      .min(1)
      .max(100)
      .default(80)
      .describe("quality of jpeg and webp, 1 to 100; png is lossless, and gif has 256 colours."),
    width: z
      .int()
      .min(16)
      .max(8192)
      .optional()
      .describe(
        "width in pixels, rounded to an even number; the ratio is kept when height is unset. Never enlarges.",
      ),
    height: z
      .int()
      .min(16)
      .max(8192)
      .optional()
      .describe(
        "height in pixels, rounded to an even number; the ratio is kept when width is unset. Never enlarges.",
      ),
    fit: z
      .enum(["inside", "cover", "contain", "fill"])
      .default("inside")
      .describe(
        "fit is sharp's word for how a frame fills width × height when both are set: inside keeps the ratio, cover crops, contain adds black bars, fill distorts.",
      ),
    atSeconds: z
      .array(z.number().min(0).max(86_400))
      .min(1)
      .max(100)
      .optional()
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe(
        "atSeconds takes the frames at these times of the source, in seconds, at most 100. One frame is taken when atSeconds, everySeconds, count and sceneChanges are unset.",
      ),
    everySeconds: z
      .number()
      .min(0.1)
      .max(86_400)
      .optional()
      .describe(
        `everySeconds takes a frame at each multiple of this time, in seconds; at most ${MOST_FRAMES} frames. When unset, see atSeconds.`,
      ),
    count: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe("count takes this many frames, spread evenly over the source. When unset, see atSeconds."),
    sceneChanges: z
      .strictObject({
        threshold: z
          .number()
          .min(0.05)
          .max(0.95)
          .default(0.3)
          .describe("threshold of ffmpeg's scene score, 0.05 to 0.95, above which a frame begins a scene."),
        max: z.int().min(1).max(500).default(100).describe("max frames that are taken; the first ones."),
      })
      .optional()
      .describe(
        "sceneChanges takes the first frame of each scene; all of the source is decoded for it. When unset, see atSeconds.",
      ),
    exact: z
      .boolean()
      .default(false)
      .describe(
        "exact takes the very frames that a player shows at the times; else the keyframe before each time is taken, which is many times faster and at most one keyframe interval early. An animation whose times would share keyframes has the very frames.",
      ),
    layout: z
      .enum(["Files", "Sprite", "ContactSheet", "Animation"])
      .default("Files")
      .describe(
        "layout: Files writes a picture for each frame (`-001` and so on before the extension when there are several), Sprite tiles them onto sheets with a WebVTT file for players, ContactSheet onto one picture, Animation makes one animated webp or gif.",
      ),
    columns: z
      .int()
      .min(1)
      .max(50)
      .default(10)
      .describe("columns of a sheet. A sprite sheet has as many rows at most."),
    frameSeconds: z
      .number()
      .min(0.02)
      .max(10)
      .default(0.5)
      .describe("frameSeconds is how long an animation shows each frame, in seconds."),
  })
  .meta(
    validations(
      {
        rule: `${CHOICES.map((field) => `(has(self.${field}) ? 1 : 0)`).join(" + ")} <= 1`,
        message: `set at most one of ${CHOICES.join(", ")}`,
      },
      {
        rule: "self.layout == 'Files' || self.layout == 'Animation' || has(self.width) || has(self.height)",
        message: "a sheet needs the width or height of its frames",
        fieldPath: ".width",
        reason: "FieldValueRequired",
      },
      {
        rule: "self.layout != 'Animation' || self.format in ['webp', 'gif']",
        message: "an animation needs format webp or gif",
        fieldPath: ".format",
        reason: "FieldValueInvalid",
      },
      {
        rule: "self.format != 'gif' || self.layout == 'Animation'",
        message: "gif is for layout Animation: choose jpeg, png or webp for still pictures",
        fieldPath: ".format",
        reason: "FieldValueInvalid",
      },
    ),
  )
  .describe(
    "Still pictures out of a video: a poster, thumbnails, sprite sheets for players, a contact sheet or an animated preview. One frame, at 10 s or in the middle of a shorter source, unless told otherwise.",
  );

export type FramesOutput = z.output<typeof framesOutput>;
