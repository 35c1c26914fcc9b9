import type { MediaFile } from "./media-file.ts";
import {
  type AudioRendition,
  bandwidthOf,
  type Protection,
  playlistName,
  type Stream,
  type SubtitleRendition,
  targetOf,
  type VideoRendition,
} from "./stream.ts";
import { videoRangeOf } from "./track-description.ts";

/** The HLS playlists of a stream: RFC 8216, and its bis for `VIDEO-RANGE`. Pure. */

const iframesName = (fileName: string) => fileName.replace(/\.\w+$/, "-iframes.m3u8");

/** The names of all that `hlsPlaylists` may make beside the same media, however that is protected. */
export const hlsPlaylistNames = ({ video, audio, subtitles }: Stream): string[] => [
  ...[...video, ...audio, ...subtitles].map(({ fileName }) => playlistName(fileName)),
  ...video.map(({ fileName }) => iframesName(fileName)),
];

/** Every playlist but the master, by file name. */
export function hlsPlaylists(stream: Stream): Map<string, string> {
  const { video, audio, subtitles, protection, durationSeconds } = stream;
  const tracks = [...video, ...audio];
  // RFC 8216 section 6.2.4: one for all of them; of playlists for winding and of subtitles each has its own.
  const targetSeconds = Math.max(1, ...tracks.map(({ media }) => targetOf(media.segments)));
  return new Map([
    ...tracks.map(
      ({ fileName, media }) =>
        [playlistName(fileName), mediaPlaylist(fileName, media, { targetSeconds, protection })] as const,
    ),
    ...video
      .filter(({ keyframes }) => keyframes.length > 0)
      .map((rendition) => [iframesName(rendition.fileName), iframesPlaylist(rendition, protection)] as const),
    ...subtitles.map(
      ({ fileName }) => [playlistName(fileName), subtitlesPlaylist(fileName, durationSeconds)] as const,
    ),
  ]);
}

/** The master playlist. Every rendition is a variant with each group of sounds, those in stereo first. */
export function hlsMaster(stream: Stream): string {
  const { video, audio, subtitles } = stream;
  const groups = audioGroups(audio);
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    ...groups.flatMap(({ id, sounds }) => sounds.map((sound) => audioLine(id, sound))),
    ...subtitles.map(subtitlesLine),
    ...(groups.length > 0 ? groups : [undefined]).flatMap((group) => variants(stream, group)),
    ...soundOnly({ audio, subtitles }),
    ...video.flatMap(iframesLine),
  ];
  return `${lines.join("\n")}\n`;
}

interface AudioGroup {
  id: string;
  sounds: AudioRendition[];
}

/**
 * RFC 8216 section 4.3.4.1.1: sounds of other channels are another group, and each group has every language: a track
 * that is in stereo alone is in all of them.
 */
function audioGroups(audio: readonly AudioRendition[]): AudioGroup[] {
  const stereo = audio.filter(({ isSurround }) => !isSurround);
  const surround = audio.filter(({ isSurround }) => isSurround);
  const withAllChannels = (sound: AudioRendition) =>
    surround.find(({ position }) => position === sound.position) ?? sound;
  return [
    ...(stereo.length > 0 ? [{ id: "audio", sounds: stereo }] : []),
    ...(surround.length > 0 ? [{ id: "audio-surround", sounds: stereo.map(withAllChannels) }] : []),
  ];
}

function variants({ video, subtitles }: Stream, group: AudioGroup | undefined): string[] {
  const sounds = group?.sounds ?? [];
  const loudest = sounds
    .map(({ media }) => bandwidthOf(media.segments))
    .reduce((most, each) => (each.peak > most.peak ? each : most), { average: 0, peak: 0 });
  return video.flatMap(({ media, size, fps, fileName }) => {
    const bandwidth = bandwidthOf(media.segments);
    const attributes = [
      `BANDWIDTH=${bandwidth.peak + loudest.peak}`,
      `AVERAGE-BANDWIDTH=${bandwidth.average + loudest.average}`,
      `CODECS="${[media.codecs, ...new Set(sounds.map((sound) => sound.media.codecs))].join(",")}"`,
      `RESOLUTION=${size.width}x${size.height}`,
      `FRAME-RATE=${(fps.num / fps.den).toFixed(3)}`,
      `VIDEO-RANGE=${videoRangeOf(media)}`,
      ...(group ? [`AUDIO="${group.id}"`] : []),
      ...(subtitles.length > 0 ? ['SUBTITLES="subtitles"'] : []),
    ];
    return [`#EXT-X-STREAM-INF:${attributes.join(",")}`, playlistName(fileName)];
  });
}

/** Sound alone, for links too slow for any picture. */
function soundOnly({ audio, subtitles }: Pick<Stream, "audio" | "subtitles">): string[] {
  const only = audio.find(({ isDefault }) => isDefault) ?? audio[0];
  if (!only) return [];
  const { peak, average } = bandwidthOf(only.media.segments);
  const attributes = [
    `BANDWIDTH=${peak}`,
    `AVERAGE-BANDWIDTH=${average}`,
    `CODECS="${only.media.codecs}"`,
    'AUDIO="audio"',
    ...(subtitles.length > 0 ? ['SUBTITLES="subtitles"'] : []),
  ];
  return [`#EXT-X-STREAM-INF:${attributes.join(",")}`, playlistName(only.fileName)];
}

function audioLine(
  group: string,
  { title, language, isDefault, channels, fileName }: AudioRendition,
): string {
  return media("AUDIO", { group, title, language, isDefault }, [
    "AUTOSELECT=YES",
    `CHANNELS="${channels}"`,
    `URI="${playlistName(fileName)}"`,
  ]);
}

/** Never the default: viewers turn subtitles on, all but the forced ones. */
function subtitlesLine({ title, language, isForced, fileName }: SubtitleRendition): string {
  return media("SUBTITLES", { group: "subtitles", title, language, isDefault: false }, [
    "AUTOSELECT=YES",
    `FORCED=${isForced ? "YES" : "NO"}`,
    `URI="${playlistName(fileName)}"`,
  ]);
}

function media(
  type: "AUDIO" | "SUBTITLES",
  {
    group,
    title,
    language,
    isDefault,
  }: { group: string; title: string; language: string | null; isDefault: boolean },
  more: string[],
): string {
  return [
    `#EXT-X-MEDIA:TYPE=${type}`,
    `GROUP-ID="${group}"`,
    `NAME=${quoted(title)}`,
    ...(language ? [`LANGUAGE=${quoted(language)}`] : []),
    `DEFAULT=${isDefault ? "YES" : "NO"}`,
    ...more,
  ].join(",");
}

/** RFC 8216 section 4.2: a quoted string holds neither quotes nor ends of lines. */
const quoted = (text: string): string => `"${text.replaceAll(/["\r\n]/g, "'")}"`;

function iframesLine({ media, keyframes, size, fileName }: VideoRendition): string[] {
  if (keyframes.length === 0) return [];
  const { peak, average } = bandwidthOf(keyframes);
  const attributes = [
    `BANDWIDTH=${peak}`,
    `AVERAGE-BANDWIDTH=${average}`,
    `CODECS="${media.codecs}"`,
    `RESOLUTION=${size.width}x${size.height}`,
    `VIDEO-RANGE=${videoRangeOf(media)}`,
    `URI="${iframesName(fileName)}"`,
  ];
  return [`#EXT-X-I-FRAME-STREAM-INF:${attributes.join(",")}`];
}

/** Byte ranges of one file. */
export function mediaPlaylist(
  fileName: string,
  { segments, initBytes }: MediaFile,
  { targetSeconds, protection }: { targetSeconds: number; protection?: Protection | undefined },
): string {
  return playlist(fileName, segments, {
    targetSeconds,
    tags: ["#EXT-X-INDEPENDENT-SEGMENTS", ...head(fileName, initBytes, protection)],
  });
}

/** Where the head of a file is, and how what follows is encrypted. */
function head(fileName: string, initBytes: number, protection: Protection | undefined): string[] {
  const map = `#EXT-X-MAP:URI="${encodeURI(fileName)}",BYTERANGE="${initBytes}@0"`;
  switch (protection?.method) {
    case undefined:
      return [map];
    case "AES-128": // a key applies to what stands below it: the head is not encrypted
      return [map, `#EXT-X-KEY:METHOD=AES-128,URI="${protection.keyUri}"`];
    case "cbcs":
      return [
        `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="${protection.keyUri}",KEYFORMAT="${protection.keyFormat}",KEYFORMATVERSIONS="1"`,
        map,
      ];
  }
}

/** For winding and for pictures above a seek bar: the first picture of each segment. */
function iframesPlaylist({ fileName, media, keyframes }: VideoRendition, protection?: Protection): string {
  return playlist(fileName, keyframes, {
    targetSeconds: targetOf(keyframes),
    tags: ["#EXT-X-I-FRAMES-ONLY", ...head(fileName, media.initBytes, protection)],
  });
}

/** A WebVTT file is small beside any segment of pictures, so it is one segment. */
const subtitlesPlaylist = (fileName: string, seconds: number): string =>
  playlist(fileName, [{ seconds }], { targetSeconds: targetOf([{ seconds }]), tags: [] });

function playlist(
  fileName: string,
  parts: readonly { seconds: number; bytes?: number; offset?: number }[],
  { targetSeconds, tags }: { targetSeconds: number; tags: string[] },
): string {
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${targetSeconds}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    ...tags,
    ...parts.flatMap(({ seconds, bytes, offset }) => [
      `#EXTINF:${seconds.toFixed(6)},`,
      ...(bytes === undefined ? [] : [`#EXT-X-BYTERANGE:${bytes}@${offset}`]),
      encodeURI(fileName),
    ]),
    "#EXT-X-ENDLIST",
  ];
  return `${lines.join("\n")}\n`;
}
