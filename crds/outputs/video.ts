import { z } from "zod";

export const videoOutput = z
  .strictObject({
    container: z
      .enum(["mp4"])
      .default("mp4")
      .describe("container of the file. Default mp4, always with faststart."),
    codec: z.enum(["h264"]).default("h264").describe("codec of the video: h264 (libx264). Default h264."),
    width: z
      .int()
      .min(16)
      .max(8192)
      .optional()
      .describe(
        "width in pixels, rounded to an even number. With height unset the ratio is kept. Never enlarges.",
      ),
    height: z
      .int()
      .min(16)
      .max(8192)
      .optional()
      .describe(
        "height in pixels, rounded to an even number. With width unset the ratio is kept. Never enlarges.",
      ),
    crf: z
      .int()
      .min(0)
      .max(51)
      .default(23)
      .describe(
        "crf is ffmpeg's constant rate factor, 0 to 51 for libx264: lower looks better and weighs more. Default 23.",
      ),
    preset: z
      .enum(["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"])
      .default("medium")
      .describe("preset trades encoding time for size. Default medium."),
    audio: z
      .strictObject({
        codec: z
          .enum(["aac", "none"])
          .default("aac")
          .describe("codec of the audio, or none to drop it. Default aac."),
        bitrateKbps: z
          .int()
          .min(8)
          .max(512)
          .default(128)
          .describe("bitrateKbps is the audio bitrate in kbit/s. Default 128."),
      })
      .prefault({})
      .describe("audio of the rendition."),
  })
  .describe("A video file, made by ffmpeg.");

export type VideoOutput = z.output<typeof videoOutput>;
