import { expect, test } from "vitest";
import {
  type AudioRendition,
  bandwidthOf,
  dashManifest,
  hlsMaster,
  hlsMedia,
  type VideoRendition,
} from "./manifests.ts";
import type { MediaFile } from "./media-file.ts";

const media = (sizes: number[], seconds: number[], codecs = "avc1.64001f"): MediaFile => {
  let offset = 1000;
  const segments = sizes.map((bytes, at) => {
    const segment = { offset, bytes, seconds: seconds[at] ?? 6 };
    offset += bytes;
    return segment;
  });
  return { bytes: offset, initBytes: 900, index: { first: 900, last: 999 }, segments, codecs };
};

const video = (name: string, height: number, bytes: number): VideoRendition => ({
  name,
  fileName: `video-${name}.mp4`,
  media: media([bytes, bytes], [6, 6]),
  size: { width: (height * 16) / 9, height },
  fps: { num: 30_000, den: 1001 },
});

const audio = (language: string | null, isDefault: boolean): AudioRendition => ({
  name: language ?? "0",
  fileName: `audio-${language}.mp4`,
  media: media([96_000, 96_000], [6, 6], "mp4a.40.2"),
  language,
  title: `The "${language}" one`,
  isDefault,
  channels: 2,
  sampleRate: 48_000,
});

const STREAM = {
  video: [video("360p", 360, 600_000), video("720p", 720, 2_100_000)],
  audio: [audio("eng", true), audio("deu", false)],
  durationSeconds: 12,
};

test("bandwidths are measured, and a short last segment is no peak", () => {
  expect(bandwidthOf(media([750_000, 600_000, 150_000], [6, 6, 1]))).toEqual({
    average: Math.ceil((1_500_000 * 8) / 13),
    peak: 1_000_000,
  });
});

test("the HLS master names every rendition with its sound, then the sound alone", () => {
  const lines = hlsMaster(STREAM).split("\n");
  expect(lines.filter((line) => line.startsWith("#EXT-X-MEDIA"))).toEqual([
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="The 'eng' one",LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio-eng.m3u8"`,
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="The 'deu' one",LANGUAGE="deu",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="audio-deu.m3u8"`,
  ]);
  expect(lines).toContain(
    '#EXT-X-STREAM-INF:BANDWIDTH=2928000,AVERAGE-BANDWIDTH=2928000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="audio"',
  );
  expect(lines.slice(-3)).toEqual([
    '#EXT-X-STREAM-INF:BANDWIDTH=128000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2",AUDIO="audio"',
    "audio-eng.m3u8",
    "",
  ]);
});

test("a stream without sound has no audio group", () => {
  expect(hlsMaster({ ...STREAM, audio: [] })).not.toMatch(/AUDIO|mp4a/);
});

test("a media playlist names byte ranges that follow each other", () => {
  expect(hlsMedia("video-360p.mp4", media([500, 300], [6, 2.5]))).toBe(
    [
      "#EXTM3U",
      "#EXT-X-VERSION:7",
      "#EXT-X-TARGETDURATION:6",
      "#EXT-X-MEDIA-SEQUENCE:0",
      "#EXT-X-PLAYLIST-TYPE:VOD",
      "#EXT-X-INDEPENDENT-SEGMENTS",
      '#EXT-X-MAP:URI="video-360p.mp4",BYTERANGE="900@0"',
      "#EXTINF:6.000000,",
      "#EXT-X-BYTERANGE:500@1000",
      "video-360p.mp4",
      "#EXTINF:2.500000,",
      "#EXT-X-BYTERANGE:300@1500",
      "video-360p.mp4",
      "#EXT-X-ENDLIST",
      "",
    ].join("\n"),
  );
});

test("the DASH manifest points into each file's own index and escapes what people write", () => {
  const manifest = dashManifest({ ...STREAM, audio: [{ ...audio("eng", true), title: "a & <b>" }] });
  expect(manifest).toContain('mediaPresentationDuration="PT12.000S"');
  expect(manifest).toContain(
    '<SegmentBase indexRange="900-999"><Initialization range="0-899"/></SegmentBase>',
  );
  expect(manifest).toContain('frameRate="30000/1001"');
  expect(manifest).toContain("<Label>a &amp; &lt;b&gt;</Label>");
});
