import type { Rate } from "../probe/record.ts";
import { longestOf, type MediaFile } from "./media-file.ts";
import {
  type AudioRendition,
  bandwidthOf,
  type Protection,
  type Stream,
  type SubtitleRendition,
  type Thumbnails,
  type VideoRendition,
} from "./stream.ts";
import { videoRangeOf } from "./track-description.ts";

/** ISO/IEC 23009-1 manifest of the on-demand profile: players find segments in each file's own index. Pure. */
export function dashManifest(stream: Stream): string {
  const { video, audio, subtitles, thumbnails, protection, durationSeconds } = stream;
  const duration = `PT${Number(lastEndOf(stream).toFixed(6))}S`;
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:cenc="urn:mpeg:cenc:2013" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" type="static" mediaPresentationDuration="${duration}" minBufferTime="PT4S">`,
    `  <Period id="0" start="PT0S" duration="${duration}">`,
    ...pictures(video, protection),
    ...audio.flatMap((track) => sound(track, protection)),
    ...subtitles.flatMap((track) => text(track, durationSeconds)),
    ...(thumbnails ? sheets(thumbnails) : []),
    "  </Period>",
    "</MPD>",
  ].join("\n")}\n`;
}

/**
 * When the last track ends, though sound may be longer by no more than its encoder added. dash.js 5 that finds itself
 * between the end it was told and that of the media goes back half a second and stops.
 */
const lastEndOf = ({ durationSeconds, audio }: Stream): number => Math.max(durationSeconds, longestOf(audio));

function pictures(video: readonly VideoRendition[], protection: Protection | undefined): string[] {
  return [
    '    <AdaptationSet contentType="video" mimeType="video/mp4" segmentAlignment="true" subsegmentAlignment="true" subsegmentStartsWithSAP="1">',
    ...contentProtection(protection),
    ...colors(video[0]?.media),
    ...video.flatMap(({ name, media, size, fps, fileName }) => [
      `      <Representation id="video-${name}" codecs="${media.codecs}" bandwidth="${bandwidthOf(media.segments).peak}" width="${size.width}" height="${size.height}" frameRate="${frameRate(fps)}">`,
      ...base(fileName, media),
      "      </Representation>",
    ]),
    "    </AdaptationSet>",
  ];
}

/**
 * DASH-IF IOP 4.3 clause 10.4.2: the colour of HDR is essential, by the numbers of ISO/IEC 23091-2, so that a player
 * that would show it wrongly leaves it. All renditions have one.
 */
function colors(media: MediaFile | undefined): string[] {
  if (!media?.color || videoRangeOf(media) === "SDR") return [];
  const { primaries, transfer, matrix } = media.color;
  const numbers = {
    ColourPrimaries: primaries,
    TransferCharacteristics: transfer,
    MatrixCoefficients: matrix,
  };
  return Object.entries(numbers).map(
    ([name, value]) =>
      `      <EssentialProperty schemeIdUri="urn:mpeg:mpegB:cicp:${name}" value="${value}"/>`,
  );
}

function sound(track: AudioRendition, protection: Protection | undefined): string[] {
  const { name, media, language, title, isDefault, isSurround, channels, sampleRate, fileName } = track;
  // Stereo is taken unless more is asked for, whatever its bitrate: 1 is what a set has that says nothing.
  const priority = isSurround ? ' selectionPriority="0"' : "";
  return [
    `    <AdaptationSet contentType="audio" mimeType="audio/mp4" lang="${escaped(language ?? "und")}"${priority} segmentAlignment="true" subsegmentAlignment="true" subsegmentStartsWithSAP="1">`,
    ...contentProtection(protection),
    label(isSurround ? `${title} (${CHANNEL_WORDS[channels] ?? channels})` : title),
    role(isDefault ? "main" : "alternate"),
    `      <Representation id="audio-${name}" codecs="${media.codecs}" bandwidth="${bandwidthOf(media.segments).peak}" audioSamplingRate="${sampleRate}">`,
    `        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="${CHANNEL_CONFIGURATIONS[channels] ?? channels}"/>`,
    ...base(fileName, media),
    "      </Representation>",
    "    </AdaptationSet>",
  ];
}

const CHANNEL_WORDS: Record<number, string> = { 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1" };

/** ISO/IEC 23091-3 table 5; up to six its numbers are those of the channels. */
const CHANNEL_CONFIGURATIONS: Record<number, number> = { 8: 12 };

function text(
  { name, fileName, bytes, language, title, isForced }: SubtitleRendition,
  seconds: number,
): string[] {
  return [
    `    <AdaptationSet contentType="text" mimeType="text/vtt" lang="${escaped(language ?? "und")}">`,
    label(title),
    role(isForced ? "forced-subtitle" : "subtitle"),
    `      <Representation id="subtitles-${name}" bandwidth="${Math.ceil((bytes * 8) / seconds)}">`,
    `        <BaseURL>${escaped(encodeURI(fileName))}</BaseURL>`,
    "      </Representation>",
    "    </AdaptationSet>",
  ];
}

/** DASH-IF IOP 4.3 clause 6.2.6: a sheet is a segment, and each of its cells has an equal share of its time. */
function sheets({ sheets, cell, columns, rows, everySeconds }: Thumbnails): string[] {
  const seconds = columns * rows * everySeconds;
  const largest = Math.max(...sheets.map(({ bytes }) => bytes));
  const media = (sheets[0]?.fileName ?? "").replace(/\d+(?=\.\w+$)/, "$Number%03d$");
  return [
    '    <AdaptationSet contentType="image" mimeType="image/jpeg">',
    `      <SegmentTemplate media="${media}" duration="${seconds}" timescale="1" startNumber="1"/>`,
    `      <Representation id="thumbnails" bandwidth="${Math.ceil((largest * 8) / seconds)}" width="${cell.width * columns}" height="${cell.height * rows}">`,
    `        <EssentialProperty schemeIdUri="http://dashif.org/guidelines/thumbnail_tile" value="${columns}x${rows}"/>`,
    "      </Representation>",
    "    </AdaptationSet>",
  ];
}

/**
 * ISO/IEC 23001-7 clause 11.2: the scheme and the key's id, which is all that a player needs to ask for a licence.
 * Beside it the W3C's Clear Key, with which every browser decrypts once the page has given it the key.
 */
function contentProtection(protection: Protection | undefined): string[] {
  if (protection?.method !== "cbcs") return [];
  const uuid = protection.keyId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return [
    `      <ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cbcs" cenc:default_KID="${uuid}"/>`,
    '      <ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e" value="ClearKey1.0"/>',
  ];
}

const base = (fileName: string, { index, initBytes }: MediaFile): string[] => [
  `        <BaseURL>${escaped(encodeURI(fileName))}</BaseURL>`,
  `        <SegmentBase indexRange="${index.first}-${index.last}"><Initialization range="0-${initBytes - 1}"/></SegmentBase>`,
];

/** ISO/IEC 23009-1 annex B: every element of a Representation, and so this one, stands before the Role of a set. */
const label = (text: string): string => `      <Label>${escaped(text)}</Label>`;

const role = (value: string): string =>
  `      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="${value}"/>`;

const frameRate = ({ num, den }: Rate): string => (den === 1 ? `${num}` : `${num}/${den}`);

/** XML 1.0 section 2.2 has no control characters, however they are written. */
const escaped = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
    .replaceAll(/[\x00-\x1f]/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
