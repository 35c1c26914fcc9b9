import { expect, test } from "vitest";
import { aMediaFile, aStream, aText, aTrack } from "../../test/builders/stream.ts";
import { hlsMaster, hlsPlaylists, mediaPlaylist } from "./hls.ts";

test("the master names every rendition with its sound, then the sound alone, then the pictures for winding", () => {
  const lines = hlsMaster(aStream()).split("\n");
  expect(lines.filter((line) => line.startsWith("#EXT-X-MEDIA"))).toEqual([
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="The 'eng' one",LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio-eng.m3u8"`,
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="The 'deu' one",LANGUAGE="deu",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="audio-deu.m3u8"`,
  ]);
  expect(lines).toContain(
    '#EXT-X-STREAM-INF:BANDWIDTH=2928000,AVERAGE-BANDWIDTH=2928000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="audio"',
  );
  expect(lines.slice(-5)).toEqual([
    '#EXT-X-STREAM-INF:BANDWIDTH=128000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2",AUDIO="audio"',
    "audio-eng.m3u8",
    '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=40000,AVERAGE-BANDWIDTH=30000,CODECS="avc1.64001f",RESOLUTION=640x360,VIDEO-RANGE=SDR,URI="video-360p-iframes.m3u8"',
    '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=40000,AVERAGE-BANDWIDTH=30000,CODECS="avc1.64001f",RESOLUTION=1280x720,VIDEO-RANGE=SDR,URI="video-720p-iframes.m3u8"',
    "",
  ]);
});

test("sound with all channels is a group of its own, with every language, and the variants are told with each", () => {
  const surround = {
    ...aTrack("eng", true),
    isSurround: true,
    channels: 6,
    fileName: "audio-eng-surround.mp4",
  };
  const lines = hlsMaster(aStream({ audio: [aTrack("eng", true), aTrack("deu", false), surround] })).split(
    "\n",
  );
  const named = (name: string) => lines.filter((line) => line.includes(`"${name}"`));
  expect(named("audio-surround").slice(0, 2)).toEqual([
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio-surround",NAME="The 'eng' one",LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6",URI="audio-eng-surround.m3u8"`,
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio-surround",NAME="The 'deu' one",LANGUAGE="deu",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="audio-deu.m3u8"`,
  ]);
  expect(lines.filter((line) => line.startsWith("#EXT-X-STREAM-INF")).map((line) => line.slice(-22))).toEqual(
    [
      expect.stringMatching(/AUDIO="audio"$/),
      expect.stringMatching(/AUDIO="audio"$/),
      expect.stringMatching(/AUDIO="audio-surround"$/),
      expect.stringMatching(/AUDIO="audio-surround"$/),
      expect.stringMatching(/AUDIO="audio"$/),
    ],
  );
});

test("HDR is told of every variant", () => {
  const [first] = aStream().video;
  const color = { primaries: 9, transfer: 18, matrix: 9, fullRange: false };
  const video = first ? [{ ...first, media: { ...first.media, color } }] : [];
  expect(hlsMaster(aStream({ video })).match(/VIDEO-RANGE=HLG/g)).toHaveLength(2);
});

test("a stream without sound has no audio group", () => {
  expect(hlsMaster(aStream({ audio: [] }))).not.toMatch(/AUDIO|mp4a/);
});

test("subtitles are a group that every rendition offers, none of it shown by default", () => {
  const stream = aStream({ subtitles: [aText("eng"), { ...aText("deu"), isForced: true }] });
  const lines = hlsMaster(stream).split("\n");
  expect(lines.filter((line) => line.includes("TYPE=SUBTITLES"))).toEqual([
    '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="eng",LANGUAGE="eng",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="subtitles-eng.m3u8"',
    '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="deu",LANGUAGE="deu",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="subtitles-deu.m3u8"',
  ]);
  expect(lines.filter((line) => line.includes('SUBTITLES="subtitles"'))).toHaveLength(3);
  expect(hlsPlaylists(stream).get("subtitles-eng.m3u8")?.split("\n")).toEqual([
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-TARGETDURATION:12",
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    "#EXTINF:12.000000,",
    "subtitles-eng.vtt",
    "#EXT-X-ENDLIST",
    "",
  ]);
});

test("nothing that stands for a language or a title breaks out of its quotes", () => {
  const hostile = 'e"\n#EXT-X-KEY:METHOD=NONE';
  const stream = aStream({ audio: [{ ...aTrack("eng", true), language: hostile, title: hostile }] });
  const lines = hlsMaster(stream).split("\n");
  expect(lines.filter((line) => line.startsWith("#EXT-X-KEY"))).toEqual([]);
  expect(lines[3]).toContain(
    `NAME="e''#EXT-X-KEY:METHOD=NONE",LANGUAGE="e''#EXT-X-KEY:METHOD=NONE",DEFAULT=YES`,
  );
});

test("a media playlist names byte ranges that follow each other", () => {
  const target = { targetSeconds: 6 };
  expect(mediaPlaylist("video-360p.mp4", aMediaFile([500, 300], [6.4, 2.5]), target).split("\n")).toEqual([
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-TARGETDURATION:6",
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    '#EXT-X-MAP:URI="video-360p.mp4",BYTERANGE="900@0"',
    "#EXTINF:6.400000,",
    "#EXT-X-BYTERANGE:500@1000",
    "video-360p.mp4",
    "#EXTINF:2.500000,",
    "#EXT-X-BYTERANGE:300@1500",
    "video-360p.mp4",
    "#EXT-X-ENDLIST",
    "",
  ]);
});

test("pictures and sounds have one target duration, which no segment of theirs is above", () => {
  const [first] = aStream().video;
  const video = first ? [{ ...first, media: aMediaFile([500, 500], [1, 1]) }] : [];
  const audio = [{ ...aTrack("eng", true), media: aMediaFile([90, 130], [1.003, 1.51], "mp4a.40.2") }];
  const playlists = hlsPlaylists(aStream({ video, audio }));
  const targets = ["video-360p.m3u8", "audio-eng.m3u8"].map(
    (name) => playlists.get(name)?.match(/TARGETDURATION:(\d+)/)?.[1],
  );
  expect(targets).toEqual(["2", "2"]);
});

test.each([
  {
    name: "AES-128 tells the key below the head, which is not encrypted",
    method: "AES-128" as const,
    expected: [
      '#EXT-X-MAP:URI="v.mp4",BYTERANGE="900@0"',
      '#EXT-X-KEY:METHOD=AES-128,URI="https://keys.test/1?a=b"',
    ],
  },
  {
    name: "cbcs tells it above, since samples are described in the head",
    method: "cbcs" as const,
    expected: [
      '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="https://keys.test/1?a=b",KEYFORMAT="identity",KEYFORMATVERSIONS="1"',
      '#EXT-X-MAP:URI="v.mp4",BYTERANGE="900@0"',
    ],
  },
])("$name", ({ method, expected }) => {
  const protection = {
    method,
    keyFormat: "identity",
    keyUri: "https://keys.test/1?a=b",
    keyId: "0".repeat(32),
  };
  const lines = mediaPlaylist("v.mp4", aMediaFile([500], [6]), { targetSeconds: 6, protection }).split("\n");
  expect(lines.filter((line) => /MAP|KEY/.test(line))).toEqual(expected);
});

test("a playlist for winding names the first picture of each segment", () => {
  const lines = hlsPlaylists(aStream()).get("video-360p-iframes.m3u8")?.split("\n");
  expect(lines?.slice(5, 11)).toEqual([
    "#EXT-X-I-FRAMES-ONLY",
    '#EXT-X-MAP:URI="video-360p.mp4",BYTERANGE="900@0"',
    "#EXTINF:6.000000,",
    "#EXT-X-BYTERANGE:30000@1000",
    "video-360p.mp4",
    "#EXTINF:6.000000,",
  ]);
});
