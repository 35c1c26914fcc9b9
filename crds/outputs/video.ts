import { z } from "zod";
import { itemName, relativePath } from "../scalars.ts";
import { validations } from "../validation.ts";
import { burnIn, watermark } from "./burn-in.ts";
import { qualityWord } from "./image/encoding.ts";
import { soundtrack } from "./soundtrack.ts";
import { VIDEO_RULES } from "./video-rules.ts";

const seconds = z.number().min(0).max(86_400);

export const cut = z
  .strictObject({
    startSeconds: seconds.default(0).describe("startSeconds of the source, from 0. Default 0."),
    endSeconds: seconds
      .optional()
      .describe("endSeconds of the source, the first moment that is left out. The source's end when unset."),
  })
  .meta(
    validations({
      rule: "!has(self.endSeconds) || self.endSeconds > self.startSeconds",
      message: "endSeconds must be greater than startSeconds",
      fieldPath: ".endSeconds",
    }),
  )
  .describe("A part of the source, exact to the frame.");

export const videoOutput = z
  .strictObject({
    container: z
      .enum(["mp4", "mov", "mkv", "webm"])
      .default("mp4")
      .describe("container of the file: mp4, mov, mkv or webm. mp4 and mov are written with faststart."),
    codec: z
      .enum(["h264", "h265", "vp9", "av1", "prores", "dnxhr", "copy"])
      .default("h264")
      .describe(
        "codec of the video: h264 (libx264), h265 (libx265), vp9 (libvpx), av1 (SVT-AV1), prores, dnxhr, or copy, which moves the packets as they are. mp4 takes h264, h265, vp9, av1; mov h264, h265, prores, dnxhr; webm vp9, av1; mkv all.",
      ),
    width: z
      .int()
      .min(16)
      .max(8192)
      .optional()
      .describe(
        "width in pixels, rounded to an even number. With height unset the ratio is kept. Not above the source unless enlarge is set.",
      ),
    height: z
      .int()
      .min(16)
      .max(8192)
      .optional()
      .describe(
        "height in pixels, rounded to an even number. With width unset the ratio is kept. Not above the source unless enlarge is set.",
      ),
    fit: z
      .enum(["inside", "cover", "contain", "fill"])
      .default("inside")
      .describe(
        "fit is sharp's word for how the picture fills width × height when both are set: inside keeps the ratio and may stay smaller, cover crops, contain adds bars, fill distorts.",
      ),
    background: z
      .string()
      .max(7)
      .regex(/^#[0-9a-fA-F]{6}$/)
      .default("#000000")
      .describe("background is the colour of the bars of fit contain, as #rrggbb."),
    enlarge: z
      .boolean()
      .default(false)
      .describe(
        "enlarge lets width and height go above the source's size; no side may have more than 8192 pixels then.",
      ),
    crop: z
      .strictObject({
        left: z.int().min(0).max(16_384).default(0).describe("left edge in pixels of the upright source."),
        top: z.int().min(0).max(16_384).default(0).describe("top edge in pixels of the upright source."),
        width: z.int().min(16).max(16_384).describe("width of the part in pixels."),
        height: z.int().min(16).max(16_384).describe("height of the part in pixels."),
      })
      .optional()
      .describe(
        "crop keeps a part of the picture, before it is scaled. It must lie inside the picture. All of it when unset.",
      ),
    rotate: z
      .int()
      .min(0)
      .max(270)
      .optional()
      .meta(
        validations({
          rule: "self % 90 == 0",
          message: "rotate must be 0, 90, 180 or 270",
        }),
      )
      .describe(
        "rotate turns the picture clockwise by 0, 90, 180 or 270 degrees, after the source's own rotation, which is always honoured. No turn when unset.",
      ),
    flip: z
      .enum(["Horizontal", "Vertical"])
      .optional()
      .describe(
        "flip mirrors the picture: Horizontal swaps left and right, Vertical top and bottom. None when unset.",
      ),
    fps: z
      .number()
      .min(1)
      .max(240)
      .optional()
      .describe(
        "fps makes the frame rate constant by repeating or dropping frames, in frames per second; 23.976, 29.97 and 59.94 mean 24000/1001 and so on. The source's timing when unset.",
      ),
    interpolate: z
      .strictObject({
        fps: z
          .number()
          .min(10)
          .max(240)
          .describe("fps of the output in frames per second; 59.94 and its kind mean 60000/1001 and so on."),
      })
      .optional()
      .describe(
        "interpolate makes new frames between those of the source by the motion in them (minterpolate), e.g. 60 to 120 frames per second. It takes a minute or more of one core for each second of HD, so long sources are made in parts. It knows 8 bits only, so HDR must be mapped (dynamicRange SDR). None when unset.",
      ),
    upscale: z
      .int()
      .min(2)
      .max(4)
      .optional()
      .describe(
        "upscale enlarges the picture 2, 3 or 4 times by resampling, which makes no new detail. The result may have 8192 pixels a side. None when unset.",
      ),
    watermark: watermark.optional().describe("watermark lays an image over the pictures. None when unset."),
    burnIn: burnIn.optional().describe("burnIn draws text into the pictures. None when unset."),
    append: z
      .array(relativePath)
      .min(1)
      .max(20)
      .optional()
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe(
        "append names further files on the source's volume that are joined after it in this order, 1 to 20. Their pictures get the size and rate of the first, on bars where the shape differs; their first audio track goes on its track, or silence where they have none; where the first has none, the next that has one decides how it sounds. None when unset.",
      ),
    appendSources: z
      .array(itemName)
      .min(1)
      .max(20)
      .optional()
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe(
        "appendSources names further sources of the MediaJob that are joined after it in this order, as append does with files. They may lie on other volumes. Set either of the two. None when unset.",
      ),
    cuts: z
      .array(cut)
      .max(50)
      .optional()
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe(
        "cuts are the parts of the source to keep, joined in this order, at most 50; exact to the frame; of a source whose rate varies, at a constant one. All of it when unset.",
      ),
    speed: z
      .number()
      .min(0.25)
      .max(8)
      .optional()
      .describe(
        "speed of the playback: 2 is twice as fast and half as long; the sound keeps its pitch. 1 when unset.",
      ),
    deinterlace: z
      .enum(["Auto", "Always", "Never"])
      .default("Auto")
      .describe(
        "deinterlace turns fields into whole frames (bwdif): Auto when the source says it is interlaced, Always, or Never, which keeps fields as they are; of h264 and prores the file says so, while others are taken for whole frames, with a warning.",
      ),
    dynamicRange: z
      .enum(["SDR", "Source"])
      .default("SDR")
      .describe(
        "dynamicRange: SDR maps HDR sources to BT.709, Source keeps PQ or HLG, which needs 10 bits (h265, vp9, av1, prores or dnxhr hqx); h265 and av1 also keep the mastering display and light levels.",
      ),
    denoise: z
      .enum(["Light", "Medium", "Strong"])
      .optional()
      .describe(
        "denoise takes away noise in space and time (hqdn3d): Light, Medium or Strong. None when unset.",
      ),
    sharpen: z
      .number()
      .min(0)
      .max(2)
      .optional()
      .describe("sharpen by an unsharp mask of this strength, 0 to 2. None when unset."),
    crf: z
      .int()
      .min(0)
      .max(63)
      .optional()
      .describe(
        "crf is ffmpeg's constant rate factor: lower looks better and weighs more. 0 to 51 for h264 and h265, 0 to 63 for vp9 and av1. Default 23 for h264, 28 for h265, 31 for vp9, 35 for av1, as quality High. Overrides quality.",
      ),
    quality: qualityWord
      .optional()
      .describe(
        "quality in a word, mapped to a crf of the codec: Low, Medium, High or Maximum, e.g. 32, 27, 23, 18 for h264. Default High.",
      ),
    bitrateKbps: z
      .int()
      .min(16)
      .max(800_000)
      .optional()
      .describe(
        "bitrateKbps aims at this average bitrate of the video in kbit/s, instead of a crf. By crf when unset.",
      ),
    maxBitrateKbps: z
      .int()
      .min(16)
      .max(800_000)
      .optional()
      .describe(
        "maxBitrateKbps caps the bitrate in kbit/s over the span of the buffer, with a crf or a bitrate. No cap when unset.",
      ),
    bufferKbits: z
      .int()
      .min(16)
      .max(1_600_000)
      .optional()
      .describe("bufferKbits is the size of the decoder's buffer in kbit. Default 2 × maxBitrateKbps."),
    targetBytes: z
      .int()
      .min(10_000)
      .max(1_099_511_627_776)
      .optional()
      .describe(
        "targetBytes aims at this size of the whole file in bytes, in two passes; within 5 % for files over a minute; a file that misses it by more comes with a warning. No size is aimed at when unset.",
      ),
    twoPass: z
      .boolean()
      .default(false)
      .describe("twoPass encodes twice to meet bitrateKbps more exactly; takes about twice the time."),
    preset: z
      .enum(["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"])
      .optional()
      .describe(
        "preset trades encoding time for size, in x264's words; mapped to cpu-used for vp9 and to SVT-AV1's numbers for av1. Default medium.",
      ),
    tune: z
      .enum(["film", "animation", "grain", "stillimage", "fastdecode", "zerolatency"])
      .optional()
      .describe(
        "tune is the encoder's word for the kind of content: film and stillimage for h264; animation, grain, fastdecode, zerolatency for h264 and h265. None when unset.",
      ),
    profile: z
      .enum([
        "baseline",
        "main",
        "high",
        "high10",
        "high422",
        "main10",
        "main422-10",
        "proxy",
        "lt",
        "standard",
        "hq",
        "4444",
        "lb",
        "sq",
        "hqx",
      ])
      .optional()
      .describe(
        "profile of the codec. h264: baseline, main, high, high10, high422; h265: main, main10, main422-10; prores: proxy, lt, standard, hq, 4444; dnxhr: lb, sq, hq, hqx. Default by the pixel format for h264 and h265; standard for prores, or 4444 with a pixel format of 4:4:4; sq for dnxhr, or hqx with yuv422p10le.",
      ),
    level: z
      .string()
      .max(4)
      .regex(/^[1-6](\.[0-3])?$/)
      .optional()
      .describe(
        "level of h264 or h265 that decoders must have, e.g. 4.0; it has to have room for the pictures. As the encoder finds when unset.",
      ),
    keyframeIntervalSeconds: z
      .number()
      .min(0.1)
      .max(60)
      .optional()
      .describe(
        "keyframeIntervalSeconds puts a keyframe at each multiple of this time, in seconds. As the encoder finds, at most 10 s, when unset.",
      ),
    pixelFormat: z
      .enum(["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuva444p10le"])
      .optional()
      .describe(
        "pixelFormat in ffmpeg's word. Default yuv420p; yuv420p10le when HDR is kept; yuv422p10le for prores and dnxhr hqx, yuv444p10le for prores 4444, or yuva444p10le where the source has alpha, yuv422p for the other dnxhr.",
      ),
    audio: soundtrack.prefault({}).describe("audio of the file."),
    subtitles: z
      .enum(["Keep", "None"])
      .default("None")
      .describe(
        "subtitles: Keep takes the source's subtitles along: in mkv as they are, with their styles and fonts, pictures too; elsewhere texts, converted to what the container holds (mov_text, WebVTT), while pictures are left out with a warning.",
      ),
    subtitleFiles: z
      .array(z.enum(["vtt", "srt"]))
      .min(1)
      .max(2)
      .optional()
      .meta({ "x-kubernetes-list-type": "set" })
      .describe(
        "subtitleFiles writes each text track of the source to a file beside the video, named by its place and language: vtt for WebVTT, srt for SubRip. None when unset.",
      ),
    metadata: z
      .enum(["Keep", "Strip"])
      .default("Keep")
      .describe(
        "metadata: Keep takes titles, dates, chapters, timecode and reel name along, but never the place of recording; Strip leaves all out. Languages of sound and text stay.",
      ),
    verify: z
      .enum(["Fast", "Full"])
      .default("Fast")
      .describe(
        "verify: Fast opens the finished file and decodes samples of it, Full decodes all of it, before it gets its name.",
      ),
  })
  .meta(validations(...VIDEO_RULES))
  .describe("A video file, made by ffmpeg.");

export type VideoOutput = z.output<typeof videoOutput>;
