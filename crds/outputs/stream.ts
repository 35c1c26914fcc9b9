import { z } from "zod";
import { objectName } from "../scalars.ts";
import { validations } from "../validation.ts";
import { loudness } from "./soundtrack.ts";

const rendition = z
  .strictObject({
    height: z
      .int()
      .min(16)
      .max(4320)
      .describe(
        "height is the shorter side in pixels, as tiers are named: 720 is 1280×720, or 720×1280 of a portrait. Never above the source.",
      ),
    bitrateKbps: z
      .int()
      .min(32)
      .max(200_000)
      .describe("bitrateKbps caps the bitrate of the video in kbit/s; simple pictures take less."),
  })
  .describe("One rung of the ladder.");

const encryption = z
  .strictObject({
    method: z
      .enum(["AES-128", "cbcs"])
      .describe(
        "method: AES-128 encrypts whole segments, for HLS only; cbcs encrypts samples by ISO/IEC 23001-7, for HLS and DASH with the same files, as FairPlay, Widevine and PlayReady take it.",
      ),
    keySecretRef: z
      .strictObject({
        name: objectName.describe("name of the Secret, in the MediaJob's namespace."),
        key: z
          .string()
          .min(1)
          .max(253)
          .regex(/^[-._a-zA-Z0-9]+$/)
          .default("key")
          .describe("key in the Secret's data. Default key."),
      })
      .describe(
        "keySecretRef names the Secret that holds the key: 16 bytes, or 32 hexadecimal digits. Only the worker's pod reads it; it is in no manifest, log, status or event.",
      ),
    keyUri: z
      .string()
      .min(1)
      .max(2048)
      .regex(/^[^\s"<>]+$/)
      .describe(
        "keyUri is where players get the key, as the HLS playlists say it: a URI, absolute or relative to them. Whoever answers there decides who may watch. A new key needs a new one.",
      ),
    keyFormat: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[\w.:-]+$/)
      .optional()
      .describe(
        "keyFormat of keyUri in the HLS playlists of cbcs, which says who fetches the key: identity, where the URI answers with the 16 bytes; com.apple.streamingkeydelivery, with a skd: URI, for FairPlay; org.w3.clearkey for a page that has the key itself. Default identity.",
      ),
    keyId: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .min(32)
      .max(32)
      .optional()
      .describe(
        "keyId is the key's id in cbcs, 32 hexadecimal digits, as licence servers know it. Made from keyUri when unset.",
      ),
  })
  .meta(
    validations(
      {
        rule: "self.method == 'cbcs' || !has(self.keyId)",
        message: "keyId is only for cbcs: AES-128 has no key id",
        fieldPath: ".keyId",
        reason: "FieldValueForbidden",
      },
      {
        rule: "self.method == 'cbcs' || !has(self.keyFormat)",
        message: "keyFormat is only for cbcs: AES-128 is identity alone",
        fieldPath: ".keyFormat",
        reason: "FieldValueForbidden",
      },
    ),
  )
  .describe("encryption of pictures and sound; subtitles and thumbnails stay as they are. None when unset.");

export const streamOutput = z
  .strictObject({
    protocols: z
      .array(z.enum(["hls", "dash"]))
      .min(1)
      .max(2)
      .default(["hls", "dash"])
      .meta({ "x-kubernetes-list-type": "set" })
      .describe(
        "protocols to write manifests for: hls (master.m3u8) and dash (manifest.mpd); both use the same media files.",
      ),
    codec: z
      .enum(["h264", "h265", "av1"])
      .default("h264")
      .describe("codec of the video: h264 (libx264), h265 (libx265) or av1 (SVT-AV1)."),
    ladder: z
      .enum(["Auto", "Explicit"])
      .default("Auto")
      .describe(
        "ladder: Auto makes the tiers 240, 360, 480, 720, 1080, 1440 and 2160 up to the source's size, which stands for a tier that is less than a tenth above it; Explicit those of renditions.",
      ),
    renditions: z
      .array(rendition)
      .min(1)
      .max(10)
      .optional()
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe(
        "renditions of ladder Explicit, at most 10; those above the source are left out with a warning. Several of one height are named by their bitrate as well. With ladder Auto they are unset.",
      ),
    segmentSeconds: z
      .int()
      .min(1)
      .max(20)
      .default(6)
      .describe(
        "segmentSeconds is the length of a segment in seconds; every rendition has a keyframe at each multiple.",
      ),
    crf: z
      .int()
      .min(0)
      .max(63)
      .optional()
      .describe(
        "crf of every rendition below its cap: 1 to 51 for h264, 0 to 51 for h265, 0 to 63 for av1. Default 23 for h264, 28 for h265, 35 for av1.",
      ),
    preset: z
      .enum(["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"])
      .optional()
      .describe("preset trades encoding time for size, in x264's words. Default medium."),
    dynamicRange: z
      .enum(["SDR", "Source"])
      .default("SDR")
      .describe(
        "dynamicRange: SDR maps HDR sources to BT.709, once for all renditions; Source keeps PQ or HLG in each of them, with 10 bits, which needs h265 or av1.",
      ),
    fps: z
      .number()
      .min(1)
      .max(120)
      .optional()
      .describe(
        "fps makes the frame rate constant, in frames per second. The source's when unset; 30 where that varies.",
      ),
    audio: z
      .strictObject({
        bitrateKbps: z
          .int()
          .min(32)
          .max(512)
          .default(128)
          .describe("bitrateKbps of each track (AAC, stereo) in kbit/s."),
        surround: z
          .enum(["Keep", "None"])
          .default("Keep")
          .describe(
            "surround: Keep offers a track of more than two channels with all of them too, beside its stereo, as AAC of 64 kbit/s for each channel. None offers stereo alone. Default Keep.",
          ),
        tracks: z
          .enum(["First", "All"])
          .default("All")
          .describe(
            "tracks: All offers every audio track as a language to choose, First only the default one.",
          ),
        loudness: loudness.optional(),
      })
      .prefault({})
      .describe(
        "audio of the stream; each track is encoded once for all renditions of the picture. None when the source has none.",
      ),
    subtitles: z
      .enum(["Keep", "None"])
      .default("Keep")
      .describe(
        "subtitles: Keep offers each of the source's text subtitles as WebVTT, by its language; pictures cannot be converted and are left out with a warning. None offers none. Default Keep.",
      ),
    thumbnails: z
      .strictObject({
        everySeconds: z
          .int()
          .min(1)
          .max(3600)
          .default(5)
          .describe("everySeconds is the time from one thumbnail to the next, in seconds. Default 5."),
        width: z
          .int()
          .min(16)
          .max(640)
          .default(160)
          .describe("width of a thumbnail in pixels; never above the smallest rendition. Default 160."),
      })
      .optional()
      .describe(
        "thumbnails are small pictures for the seek bar, on JPEG sheets of up to 10 × 10: a WebVTT track (thumbnails.vtt) and, in DASH, an adaptation set of images. None when unset.",
      ),
    encryption: encryption.optional(),
    verify: z
      .enum(["Fast", "Full"])
      .default("Fast")
      .describe(
        "verify: Fast opens every finished file and decodes samples of it, Full decodes all of each rendition and sound, before any of them gets its name.",
      ),
  })
  .meta(
    validations(
      {
        rule: "!has(self.encryption) || self.encryption.method != 'AES-128' || self.protocols == ['hls']",
        message: "DASH knows no AES-128: take cbcs, or protocols [hls]",
        fieldPath: ".encryption",
        reason: "FieldValueInvalid",
      },
      {
        rule: "(self.ladder == 'Explicit') == has(self.renditions)",
        message: "ladder Explicit needs renditions, and only it takes them",
        fieldPath: ".renditions",
        reason: "FieldValueInvalid",
      },
      {
        rule: "self.dynamicRange == 'SDR' || self.codec != 'h264'",
        message: "dynamicRange Source needs 10 bits: codec h265 or av1",
        fieldPath: ".dynamicRange",
        reason: "FieldValueInvalid",
      },
      {
        rule: "!has(self.crf) || self.crf <= 51 || self.codec == 'av1'",
        message: "crf goes from 0 to 51 for h264 and h265",
        fieldPath: ".crf",
        reason: "FieldValueInvalid",
      },
      {
        rule: "!has(self.crf) || self.crf > 0 || self.codec != 'h264'",
        message:
          "crf 0 is lossless in h264, above every cap and in a profile that players lack: take crf 1 or more",
        fieldPath: ".crf",
        reason: "FieldValueInvalid",
      },
    ),
  )
  .describe(
    "An adaptive stream: CMAF media files, one for each rendition and audio track, and manifests for HLS and DASH that share them. Written to a directory named by the destination's template without its extension.",
  );

export type StreamOutput = z.output<typeof streamOutput>;
export type StreamEncryption = NonNullable<StreamOutput["encryption"]>;
