import type { Rate } from "../probe/record.ts";
import type { Size } from "../video/geometry.ts";
import type { MediaFile } from "./media-file.ts";

/** The manifests of a stream. Pure: everything in them was measured on the finished files. */

export interface VideoRendition {
  name: string;
  fileName: string;
  media: MediaFile;
  size: Size;
  fps: Rate;
}

export interface AudioRendition {
  name: string;
  fileName: string;
  media: MediaFile;
  /** ISO 639, null when unknown. */
  language: string | null;
  title: string;
  isDefault: boolean;
  channels: number;
  sampleRate: number;
}

export interface Stream {
  video: readonly VideoRendition[];
  audio: readonly AudioRendition[];
  durationSeconds: number;
}

const playlistName = (fileName: string) => fileName.replace(/\.mp4$/, ".m3u8");

/** Bits per second: of all of it, and of the worst segment. */
export function bandwidthOf({ segments }: MediaFile): { average: number; peak: number } {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const seconds = segments.reduce((sum, segment) => sum + segment.seconds, 0);
  // RFC 8216 counts the peak over spans of half a target duration and more; a short last segment is none.
  const longest = Math.max(0, ...segments.map((segment) => segment.seconds));
  const peak = Math.max(
    0,
    ...segments
      .filter((segment) => segment.seconds >= longest / 2)
      .map((segment) => (segment.bytes * 8) / segment.seconds),
  );
  const average = seconds === 0 ? 0 : (bytes * 8) / seconds;
  return { average: Math.ceil(average), peak: Math.ceil(Math.max(peak, average)) };
}

/** RFC 8216 master playlist; the best rendition that a slow start can take comes first. */
export function hlsMaster({ video, audio }: Stream): string {
  const sounds = audio.map((track) =>
    [
      "#EXT-X-MEDIA:TYPE=AUDIO",
      'GROUP-ID="audio"',
      `NAME="${quoted(track.title)}"`,
      ...(track.language ? [`LANGUAGE="${track.language}"`] : []),
      `DEFAULT=${track.isDefault ? "YES" : "NO"}`,
      "AUTOSELECT=YES",
      `CHANNELS="${track.channels}"`,
      `URI="${playlistName(track.fileName)}"`,
    ].join(","),
  );
  const loudest = audio
    .map(({ media }) => bandwidthOf(media))
    .reduce((most, each) => (each.peak > most.peak ? each : most), { average: 0, peak: 0 });
  const variants = video.flatMap(({ media, size, fps, fileName }) => {
    const bandwidth = bandwidthOf(media);
    const attributes = [
      `BANDWIDTH=${bandwidth.peak + loudest.peak}`,
      `AVERAGE-BANDWIDTH=${bandwidth.average + loudest.average}`,
      `CODECS="${[media.codecs, ...new Set(audio.map((track) => track.media.codecs))].join(",")}"`,
      `RESOLUTION=${size.width}x${size.height}`,
      `FRAME-RATE=${(fps.num / fps.den).toFixed(3)}`,
      "VIDEO-RANGE=SDR",
      ...(audio.length > 0 ? ['AUDIO="audio"'] : []),
    ];
    return [`#EXT-X-STREAM-INF:${attributes.join(",")}`, playlistName(fileName)];
  });
  // Sound alone, for links too slow for any picture.
  const only = audio.find(({ isDefault }) => isDefault) ?? audio[0];
  const soundOnly = only
    ? [
        `#EXT-X-STREAM-INF:BANDWIDTH=${bandwidthOf(only.media).peak},AVERAGE-BANDWIDTH=${bandwidthOf(only.media).average},CODECS="${only.media.codecs}",AUDIO="audio"`,
        playlistName(only.fileName),
      ]
    : [];
  return `${["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", ...sounds, ...variants, ...soundOnly].join("\n")}\n`;
}

/** RFC 8216 media playlist of byte ranges of one file. */
export function hlsMedia(fileName: string, { segments, initBytes }: MediaFile): string {
  // RFC 8216 section 4.3.3.1: no duration, rounded to whole seconds, is above the target.
  const target = Math.max(1, ...segments.map(({ seconds }) => Math.round(seconds)));
  const uri = encodeURI(fileName);
  return `${[
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${target}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    `#EXT-X-MAP:URI="${uri}",BYTERANGE="${initBytes}@0"`,
    ...segments.flatMap(({ seconds, bytes, offset }) => [
      `#EXTINF:${seconds.toFixed(6)},`,
      `#EXT-X-BYTERANGE:${bytes}@${offset}`,
      uri,
    ]),
    "#EXT-X-ENDLIST",
  ].join("\n")}\n`;
}

/** ISO/IEC 23009-1 manifest of the on-demand profile: players find segments in each file's own index. */
export function dashManifest({ video, audio, durationSeconds }: Stream): string {
  const frameRate = ({ num, den }: Rate) => (den === 1 ? `${num}` : `${num}/${den}`);
  const base = (fileName: string, { index, initBytes }: MediaFile) => [
    `        <BaseURL>${escaped(encodeURI(fileName))}</BaseURL>`,
    `        <SegmentBase indexRange="${index.first}-${index.last}"><Initialization range="0-${initBytes - 1}"/></SegmentBase>`,
  ];
  const pictures = video.flatMap(({ name, media, size, fps, fileName }) => [
    `      <Representation id="video-${name}" codecs="${media.codecs}" bandwidth="${bandwidthOf(media).peak}" width="${size.width}" height="${size.height}" frameRate="${frameRate(fps)}">`,
    ...base(fileName, media),
    "      </Representation>",
  ]);
  const sounds = audio.flatMap(
    ({ name, media, language, title, isDefault, channels, sampleRate, fileName }) => [
      `    <AdaptationSet contentType="audio" mimeType="audio/mp4" lang="${language ?? "und"}" segmentAlignment="true" subsegmentAlignment="true" subsegmentStartsWithSAP="1">`,
      `      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="${isDefault ? "main" : "alternate"}"/>`,
      `      <Label>${escaped(title)}</Label>`,
      `      <Representation id="audio-${name}" codecs="${media.codecs}" bandwidth="${bandwidthOf(media).peak}" audioSamplingRate="${sampleRate}">`,
      `        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="${channels}"/>`,
      ...base(fileName, media),
      "      </Representation>",
      "    </AdaptationSet>",
    ],
  );
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" type="static" mediaPresentationDuration="PT${durationSeconds.toFixed(3)}S" minBufferTime="PT4S">`,
    `  <Period id="0" start="PT0S" duration="PT${durationSeconds.toFixed(3)}S">`,
    '    <AdaptationSet contentType="video" mimeType="video/mp4" segmentAlignment="true" subsegmentAlignment="true" subsegmentStartsWithSAP="1">',
    ...pictures,
    "    </AdaptationSet>",
    ...sounds,
    "  </Period>",
    "</MPD>",
  ].join("\n")}\n`;
}

const quoted = (text: string) => text.replaceAll(/["\r\n]/g, "'");

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
