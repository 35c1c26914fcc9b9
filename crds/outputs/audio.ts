import { z } from "zod";
import { validations } from "../validation.ts";
import { channels, loudness, sampleRateHz } from "./soundtrack.ts";
import { cut } from "./video.ts";

/** Extension of the file of each codec. */
export const AUDIO_EXTENSIONS = { aac: "m4a", opus: "opus", mp3: "mp3", flac: "flac", wav: "wav" } as const;

export const audioOutput = z
  .strictObject({
    codec: z
      .enum(["aac", "opus", "mp3", "flac", "wav"])
      .default("aac")
      .describe(
        "codec of the file: aac in .m4a, opus in .opus, mp3, flac, or wav (PCM of 16 bits, or of 24 where the source has more).",
      ),
    bitrateKbps: z
      .int()
      .min(8)
      .max(512)
      .optional()
      .describe(
        "bitrateKbps in kbit/s, for aac, opus and mp3. Default 64 per channel for aac, 48 for opus, 96 for mp3; at least 64. What the codec does not have becomes the nearest that it does, with a warning: opus goes up to 256 per channel, aac to 6 bits per sample and channel, mp3 in steps to 320, or 160 below 32 kHz.",
      ),
    channels,
    sampleRateHz,
    loudness: loudness.optional(),
    language: z
      .string()
      .min(2)
      .max(3)
      .regex(/^[a-z]{2,3}$/)
      .optional()
      .describe(
        "language of the track to take, as an ISO 639 code, e.g. eng. The default track or else the first when unset.",
      ),
    cuts: z
      .array(cut)
      .max(50)
      .optional()
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe(
        "cuts are the parts of the source to keep, joined in this order, at most 50; exact to the sample. All of it when unset.",
      ),
    speed: z
      .number()
      .min(0.25)
      .max(8)
      .optional()
      .describe("speed of the playback: 2 is twice as fast; the pitch stays. 1 when unset."),
    waveform: z
      .strictObject({
        json: z
          .boolean()
          .default(true)
          .describe(
            "json writes the peaks as <output>.waveform.json, in the format of BBC audiowaveform version 2.",
          ),
        png: z.boolean().default(false).describe("png draws the waveform as <output>.waveform.png."),
        samplesPerPixel: z
          .int()
          .min(16)
          .max(1_048_576)
          .default(256)
          .describe("samplesPerPixel is how many samples one pair of peaks stands for in the JSON."),
        width: z.int().min(64).max(8192).default(1280).describe("width of the picture in pixels."),
        height: z.int().min(16).max(2048).default(240).describe("height of the picture in pixels."),
        color: z
          .string()
          .max(7)
          .regex(/^#[0-9a-fA-F]{6}$/)
          .default("#2563eb")
          .describe("color of the waveform in the picture, as #rrggbb, on a transparent ground."),
      })
      .meta(
        validations({
          rule: "self.json || self.png",
          message: "a waveform needs json or png",
        }),
      )
      .optional()
      .describe("waveform also makes a waveform of the finished sound. None when unset."),
    metadata: z
      .enum(["Keep", "Strip"])
      .default("Keep")
      .describe(
        "metadata: Keep takes title, artist, dates and chapters along, but never the place of recording; Strip leaves all out. The language stays.",
      ),
  })
  .meta(
    validations(
      {
        rule: "!has(self.bitrateKbps) || self.codec in ['aac', 'opus', 'mp3']",
        message: "bitrateKbps is only for aac, opus and mp3",
        fieldPath: ".bitrateKbps",
        reason: "FieldValueForbidden",
      },
      {
        rule: "self.codec != 'mp3' || !has(self.bitrateKbps) || self.bitrateKbps <= 320",
        message: "mp3 has 320 kbit/s at most",
        fieldPath: ".bitrateKbps",
        reason: "FieldValueInvalid",
      },
      {
        rule: "self.codec != 'mp3' || self.channels != '5.1'",
        message: "mp3 has two channels at most: take another codec for 5.1",
        fieldPath: ".channels",
        reason: "FieldValueInvalid",
      },
    ),
  )
  .describe("A sound file, made by ffmpeg.");

export type AudioOutput = z.output<typeof audioOutput>;
