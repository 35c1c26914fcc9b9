import type { Rule } from "../validation.ts";
import { VIDEO_LEVELS } from "./video-levels.ts";

/** What a video may not be: combinations that no container, codec or encoder takes, or that mean nothing. */

/** What each container takes, as players and editors expect it, not all that ffmpeg can be talked into. */
const CONTAINER_CODECS = {
  mp4: { video: ["h264", "h265", "vp9", "av1"], audio: ["aac", "opus", "mp3"] },
  mov: { video: ["h264", "h265", "prores", "dnxhr"], audio: ["aac", "pcm", "mp3"] },
  mkv: {
    video: ["h264", "h265", "vp9", "av1", "prores", "dnxhr"],
    audio: ["aac", "opus", "mp3", "flac", "pcm"],
  },
  webm: { video: ["vp9", "av1"], audio: ["opus"] },
} as const;

export type Container = keyof typeof CONTAINER_CODECS;

const list = (values: readonly string[]) => values.map((value) => `'${value}'`).join(", ");

const containerRules: Rule[] = Object.entries(CONTAINER_CODECS).flatMap(([container, { video, audio }]) => [
  {
    rule: `self.container != '${container}' || self.codec in [${list([...video, "copy"])}]`,
    message: `${container} takes the codecs ${video.join(", ")} and copy`,
    fieldPath: ".codec",
    reason: "FieldValueInvalid",
  },
  {
    rule: `self.container != '${container}' || !has(self.audio.codec) || self.audio.codec in [${list([...audio, "copy", "none"])}]`,
    message: `${container} takes the audio codecs ${audio.join(", ")}, copy and none`,
    fieldPath: ".audio.codec",
    reason: "FieldValueInvalid",
  },
]);

/** A field that only some codecs have. */
const onlyFor = (field: string, codecs: readonly string[], what = `${field} is`): Rule => ({
  rule: `!has(self.${field}) || self.codec in [${list(codecs)}]`,
  message: `${what} only for the codecs ${codecs.join(", ")}`,
  fieldPath: `.${field}`,
  reason: "FieldValueForbidden",
});

/** `copy` moves the packets as they are, so nothing about the pictures can be changed. */
const notForCopy = (...fields: string[]): Rule[] =>
  fields.map((field) => ({
    rule: `self.codec != 'copy' || !has(self.${field})`,
    message: `codec copy leaves the pictures as they are: ${field} needs another codec`,
    fieldPath: `.${field}`,
    reason: "FieldValueForbidden",
  }));

const VIDEO_PROFILES = {
  h264: ["baseline", "main", "high", "high10", "high422"],
  h265: ["main", "main10", "main422-10"],
  prores: ["proxy", "lt", "standard", "hq", "4444"],
  dnxhr: ["lb", "sq", "hq", "hqx"],
} as const;

const profileRules: Rule[] = Object.entries(VIDEO_PROFILES).map(([codec, profiles]) => ({
  rule: `self.codec != '${codec}' || !has(self.profile) || self.profile in [${list(profiles)}]`,
  message: `${codec} has the profiles ${profiles.join(", ")}`,
  fieldPath: ".profile",
  reason: "FieldValueInvalid",
}));

const levelRules: Rule[] = Object.entries(VIDEO_LEVELS).map(([codec, levels]) => ({
  rule: `self.codec != '${codec}' || !has(self.level) || self.level in [${list([...levels.keys()])}]`,
  message: `${codec} has the levels ${[...levels.keys()].filter((level) => level.includes(".")).join(", ")}`,
  fieldPath: ".level",
  reason: "FieldValueInvalid",
}));

/** The pixel formats each encoder takes. */
const PIXEL_FORMATS = {
  h264: ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"],
  h265: ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"],
  vp9: ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"],
  av1: ["yuv420p", "yuv420p10le"],
  prores: ["yuv422p10le", "yuv444p10le", "yuva444p10le"],
  dnxhr: ["yuv422p", "yuv422p10le"],
} as const;

const pixelFormatRules: Rule[] = Object.entries(PIXEL_FORMATS).map(([codec, formats]) => ({
  rule: `self.codec != '${codec}' || !has(self.pixelFormat) || self.pixelFormat in [${list(formats)}]`,
  message: `${codec} takes the pixel formats ${formats.join(", ")}`,
  fieldPath: ".pixelFormat",
  reason: "FieldValueInvalid",
}));

const [P420, P422] = [
  ["yuv420p", "yuv420p10le"],
  ["yuv422p", "yuv422p10le"],
];

/** What the encoders take for each profile; another profile or pixel format they refuse, or make what is neither. */
const PROFILE_FORMATS = [
  { codec: "h264", profiles: ["baseline", "main", "high"], formats: ["yuv420p"] },
  { codec: "h264", profiles: ["high10"], formats: P420 },
  { codec: "h264", profiles: ["high422"], formats: [...P420, ...P422] },
  { codec: "h265", profiles: ["main"], formats: ["yuv420p"] },
  { codec: "h265", profiles: ["main10"], formats: P420 },
  { codec: "h265", profiles: ["main422-10"], formats: [...P420, ...P422] },
  { codec: "prores", profiles: ["proxy", "lt", "standard", "hq"], formats: ["yuv422p10le"] },
  { codec: "prores", profiles: ["4444"], formats: ["yuv444p10le", "yuva444p10le"] },
  { codec: "dnxhr", profiles: ["lb", "sq", "hq"], formats: ["yuv422p"] },
  { codec: "dnxhr", profiles: ["hqx"], formats: ["yuv422p10le"] },
];

const profileFormatRules: Rule[] = PROFILE_FORMATS.map(({ codec, profiles, formats }) => ({
  rule: `self.codec != '${codec}' || !has(self.profile) || !has(self.pixelFormat) || !(self.profile in [${list(profiles)}]) || self.pixelFormat in [${list(formats)}]`,
  message: `${codec} ${profiles.join(", ")} holds ${formats.join(", ")}: leave profile or pixelFormat out, the one follows from the other`,
  fieldPath: ".pixelFormat",
  reason: "FieldValueInvalid",
}));

const LOSSY = ["h264", "h265", "vp9", "av1"] as const;

export const VIDEO_RULES: readonly Rule[] = [
  ...containerRules,
  ...profileRules,
  ...levelRules,
  ...pixelFormatRules,
  ...profileFormatRules,
  onlyFor("profile", Object.keys(VIDEO_PROFILES)),
  onlyFor("crf", LOSSY),
  onlyFor("quality", LOSSY),
  onlyFor("bitrateKbps", LOSSY),
  onlyFor("maxBitrateKbps", ["h264", "h265", "vp9"]),
  onlyFor("targetBytes", ["h264", "h265", "vp9"]),
  onlyFor("preset", LOSSY),
  onlyFor("tune", ["h264", "h265"]),
  onlyFor("level", ["h264", "h265"]),
  onlyFor("keyframeIntervalSeconds", LOSSY),
  ...notForCopy(
    "width",
    "height",
    "crop",
    "rotate",
    "flip",
    "fps",
    "cuts",
    "speed",
    "denoise",
    "sharpen",
    "interpolate",
    "upscale",
    "watermark",
    "burnIn",
    "append",
    "appendSources",
  ),
  ...notForCopy("pixelFormat"),
  {
    rule: "self.codec != 'copy' || self.deinterlace != 'Always'",
    message: "codec copy leaves the pictures as they are: deinterlace needs another codec",
    fieldPath: ".deinterlace",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!has(self.crf) || self.crf <= 51 || self.codec in ['vp9', 'av1']",
    message: "crf goes from 0 to 51 for h264 and h265",
    fieldPath: ".crf",
    reason: "FieldValueInvalid",
  },
  {
    rule: "!has(self.crf) || self.crf > 0 || self.codec != 'h264' || !has(self.profile) || self.profile in ['high10', 'high422'] && (!has(self.pixelFormat) || self.pixelFormat.endsWith('10le'))",
    message:
      "crf 0 is lossless in h264 of 8 bits, which none of the profiles is: leave profile out or take crf 1",
    fieldPath: ".crf",
    reason: "FieldValueInvalid",
  },
  {
    rule: "(has(self.crf) ? 1 : 0) + (has(self.bitrateKbps) ? 1 : 0) + (has(self.targetBytes) ? 1 : 0) <= 1",
    message: "set at most one of crf, bitrateKbps, targetBytes: each decides the bitrate",
  },
  {
    rule: "!has(self.quality) || !(has(self.bitrateKbps) || has(self.targetBytes))",
    message: "quality does nothing beside bitrateKbps or targetBytes",
    fieldPath: ".quality",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!has(self.maxBitrateKbps) || !has(self.bitrateKbps) || self.maxBitrateKbps >= self.bitrateKbps",
    message: "maxBitrateKbps must not be below bitrateKbps",
    fieldPath: ".maxBitrateKbps",
    reason: "FieldValueInvalid",
  },
  {
    rule: "!has(self.bufferKbits) || has(self.maxBitrateKbps)",
    message: "bufferKbits needs maxBitrateKbps",
    fieldPath: ".bufferKbits",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!self.twoPass || (has(self.bitrateKbps) && self.codec in ['h264', 'h265', 'vp9'])",
    message: "twoPass needs bitrateKbps and the codec h264, h265 or vp9",
    fieldPath: ".twoPass",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!has(self.tune) || self.codec == 'h264' || !(self.tune in ['film', 'stillimage'])",
    message: "h265 has no tune film or stillimage",
    fieldPath: ".tune",
    reason: "FieldValueInvalid",
  },
  {
    rule: "self.dynamicRange == 'SDR' || self.codec in ['h265', 'vp9', 'av1', 'prores', 'copy'] || (self.codec == 'dnxhr' && has(self.profile) && self.profile == 'hqx')",
    message: "HDR needs 10 bits: h265, vp9, av1, prores or dnxhr with profile hqx",
    fieldPath: ".dynamicRange",
    reason: "FieldValueInvalid",
  },
  {
    rule: "self.dynamicRange == 'SDR' || self.codec == 'copy' || !has(self.pixelFormat) || self.pixelFormat.endsWith('10le')",
    message: "HDR needs 10 bits: leave pixelFormat out or take one that ends in 10le",
    fieldPath: ".pixelFormat",
    reason: "FieldValueInvalid",
  },
  {
    rule: "self.dynamicRange == 'SDR' || self.codec != 'h265' || !has(self.profile) || self.profile != 'main'",
    message: "HDR needs 10 bits, and main has 8: leave profile out or take main10",
    fieldPath: ".profile",
    reason: "FieldValueInvalid",
  },
  {
    rule: "!has(self.audio.codec) || self.audio.codec != 'copy' || !(has(self.cuts) || has(self.speed))",
    message: "audio codec copy cannot be cut or sped up: choose another audio codec",
    fieldPath: ".audio.codec",
    reason: "FieldValueInvalid",
  },
  {
    rule: "!has(self.audio.codec) || self.audio.codec != 'mp3' || self.audio.channels != '5.1'",
    message: "mp3 has two channels at most: take another audio codec for 5.1",
    fieldPath: ".audio.channels",
    reason: "FieldValueInvalid",
  },
  {
    rule: "self.codec != 'copy' || has(self.audio.codec) || !(has(self.audio.loudness) || has(self.audio.sampleRateHz) || has(self.audio.bitrateKbps) || self.audio.channels != 'Source')",
    message:
      "beside codec copy the sound is copied too: name an audio codec for loudness, sampleRateHz, bitrateKbps and channels",
    fieldPath: ".audio.codec",
    reason: "FieldValueRequired",
  },
  {
    rule: "!(self.codec in ['prores', 'dnxhr']) || has(self.audio.codec) || !has(self.audio.bitrateKbps)",
    message:
      "beside prores and dnxhr the sound is pcm, which has no bitrate: name an audio codec or leave bitrateKbps out",
    fieldPath: ".audio.bitrateKbps",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!has(self.interpolate) || !(has(self.fps) || has(self.speed))",
    message: "interpolate decides the frame rate itself: leave fps and speed out",
    fieldPath: ".interpolate",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!has(self.upscale) || !(has(self.width) || has(self.height))",
    message: "upscale decides the size itself: leave width and height out",
    fieldPath: ".upscale",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!has(self.burnIn) || !(has(self.cuts) || has(self.speed) || has(self.append) || has(self.appendSources))",
    message: "burnIn cannot be set with cuts, speed or append: times would no longer fit",
    fieldPath: ".burnIn",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!(has(self.append) || has(self.appendSources)) || !(has(self.cuts) || has(self.speed) || has(self.interpolate) || self.twoPass || has(self.targetBytes))",
    message:
      "append cannot be set with cuts, speed, interpolate, twoPass or targetBytes: do that in a MediaJob of its own",
    fieldPath: ".append",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!(has(self.append) || has(self.appendSources)) || ((!has(self.audio.codec) || self.audio.codec != 'copy') && !has(self.audio.languages) && self.audio.tracks == 'First' && !has(self.audio.loudness))",
    message: "append joins one audio track: leave languages, tracks, loudness and codec copy out",
    fieldPath: ".audio",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!(has(self.append) || has(self.appendSources)) || (self.subtitles == 'None' && !has(self.subtitleFiles))",
    message: "subtitles of appended files cannot be joined: leave subtitles and subtitleFiles out",
    fieldPath: ".append",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!(has(self.append) && has(self.appendSources))",
    message: "set either append or appendSources",
    fieldPath: ".appendSources",
    reason: "FieldValueForbidden",
  },
  {
    rule: "!has(self.subtitleFiles) || !(has(self.cuts) || has(self.speed))",
    message: "subtitleFiles cannot be set with cuts or speed: their times would no longer fit",
    fieldPath: ".subtitleFiles",
    reason: "FieldValueForbidden",
  },
  {
    rule: "self.subtitles == 'None' || !(has(self.cuts) || has(self.speed))",
    message: "subtitles cannot be kept with cuts or speed: their times would no longer fit",
    fieldPath: ".subtitles",
    reason: "FieldValueForbidden",
  },
];
