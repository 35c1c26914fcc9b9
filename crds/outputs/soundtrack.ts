import { z } from "zod";
import { validations } from "../validation.ts";

/** Loudness by EBU R 128, measured in one pass and corrected in a second. */
export const loudness = z
  .strictObject({
    integratedLufs: z
      .number()
      .min(-50)
      .max(-5)
      .default(-23)
      .describe("integratedLufs is the loudness of the whole programme in LUFS, as EBU R 128 measures it."),
    truePeakDbtp: z
      .number()
      .min(-9)
      .max(0)
      .default(-1)
      .describe("truePeakDbtp is the highest true peak in dBTP."),
    rangeLu: z
      .number()
      .min(1)
      .max(50)
      .default(7)
      .describe(
        "rangeLu is the loudness range aimed at, in LU; a source above it is compressed, one below it only gets another level.",
      ),
  })
  .describe(
    "loudness levels the sound to EBU R 128: measured first, then corrected; a file that misses it by more than 0.5 LU comes with a warning. Left as it is when unset.",
  );

export const channels = z
  .enum(["Source", "Mono", "Stereo", "5.1"])
  .default("Source")
  .describe(
    "channels: Source keeps them, or mixes more than the codec holds (mp3 two) with a warning; Mono, Stereo and 5.1 mix the source's channels down or up.",
  );

export const sampleRateHz = z
  .int()
  .min(8000)
  .max(192_000)
  .optional()
  .describe(
    "sampleRateHz in Hz. The source's when unset; opus always has 48000. Another than the codec takes becomes the nearest that it does, with a warning.",
  );

/** The sound of a video file. */
export const soundtrack = z
  .strictObject({
    codec: z
      .enum(["aac", "opus", "mp3", "flac", "pcm", "copy", "none"])
      .optional()
      .describe(
        "codec of the audio: aac, opus, mp3, flac, pcm (16 bits, 24 in editing codecs), copy moves the packets as they are, none drops the sound. Default aac; opus in webm; pcm beside prores and dnxhr; copy beside copy.",
      ),
    bitrateKbps: z
      .int()
      .min(8)
      .max(1536)
      .optional()
      .describe(
        "bitrateKbps of each track in kbit/s. Default 64 per channel for aac, 48 for opus, 96 for mp3; at least 64. What the codec does not have becomes the nearest that it does, with a warning: opus goes up to 256 per channel, aac to 6 bits per sample and channel, mp3 in steps to 320, or 160 below 32 kHz.",
      ),
    channels,
    sampleRateHz,
    loudness: loudness.optional(),
    tracks: z
      .enum(["First", "All"])
      .default("First")
      .describe("tracks: First takes the default track or else the first, All takes every one."),
    languages: z
      .array(
        z
          .string()
          .min(2)
          .max(3)
          .regex(/^[a-z]{2,3}$/),
      )
      .max(20)
      .optional()
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe(
        "languages of the tracks to take, as ISO 639 codes in this order, e.g. eng, deu, at most 20; those the source lacks are left out with a warning. Overrides tracks. By tracks when unset.",
      ),
  })
  .meta(
    validations(
      {
        rule: "!has(self.codec) || !(self.codec in ['copy', 'none', 'flac', 'pcm']) || !has(self.bitrateKbps)",
        message: "bitrateKbps is only for aac, opus and mp3",
        fieldPath: ".bitrateKbps",
        reason: "FieldValueForbidden",
      },
      {
        rule: "!has(self.codec) || self.codec != 'mp3' || !has(self.bitrateKbps) || self.bitrateKbps <= 320",
        message: "mp3 has 320 kbit/s at most",
        fieldPath: ".bitrateKbps",
        reason: "FieldValueInvalid",
      },
      {
        rule: "!has(self.codec) || !(self.codec in ['copy', 'none']) || !(has(self.loudness) || has(self.sampleRateHz) || self.channels != 'Source')",
        message:
          "copy and none leave the sound as it is: loudness, sampleRateHz and channels need another codec",
        fieldPath: ".codec",
        reason: "FieldValueInvalid",
      },
    ),
  );

export type Soundtrack = z.output<typeof soundtrack>;
