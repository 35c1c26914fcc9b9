import type { MediaFile } from "../../worker-image/stream/media-file.ts";
import type {
  AudioRendition,
  Stream,
  SubtitleRendition,
  Thumbnails,
  VideoRendition,
} from "../../worker-image/stream/stream.ts";

/** Finished streams for tests of their manifests: two segments of 6 s, sound in two languages. */

export const aMediaFile = (sizes: number[], seconds: number[], codecs = "avc1.64001f"): MediaFile => {
  let offset = 1000;
  const segments = sizes.map((bytes, at) => {
    const segment = { offset, bytes, seconds: seconds[at] ?? 6 };
    offset += bytes;
    return segment;
  });
  return { bytes: offset, initBytes: 900, index: { first: 900, last: 999 }, segments, codecs };
};

const aVideo = (name: string, height: number, bytes: number): VideoRendition => ({
  name,
  fileName: `video-${name}.mp4`,
  media: aMediaFile([bytes, bytes], [6, 6]),
  keyframes: [
    { offset: 1000, bytes: 30_000, seconds: 6 },
    { offset: 1000 + bytes, bytes: 15_000, seconds: 6 },
  ],
  size: { width: (height * 16) / 9, height },
  fps: { num: 30_000, den: 1001 },
});

export const aTrack = (language: string, isDefault: boolean): AudioRendition => ({
  name: language,
  position: isDefault ? 0 : 1,
  isSurround: false,
  fileName: `audio-${language}.mp4`,
  media: aMediaFile([96_000, 96_000], [6, 6], "mp4a.40.2"),
  language,
  title: `The "${language}" one`,
  isDefault,
  channels: 2,
  sampleRate: 48_000,
});

export const aText = (language: string): SubtitleRendition => ({
  name: language,
  fileName: `subtitles-${language}.vtt`,
  bytes: 3000,
  language,
  title: language,
  isForced: false,
});

export const someThumbnails = (parts: Partial<Thumbnails> = {}): Thumbnails => ({
  sheets: [{ fileName: "thumbnails-001.jpg", bytes: 30_000 }],
  cell: { width: 160, height: 90 },
  columns: 3,
  rows: 1,
  everySeconds: 5,
  ...parts,
});

export const aStream = (parts: Partial<Stream> = {}): Stream => ({
  video: [aVideo("360p", 360, 600_000), aVideo("720p", 720, 2_100_000)],
  audio: [aTrack("eng", true), aTrack("deu", false)],
  subtitles: [],
  thumbnails: undefined,
  protection: undefined,
  durationSeconds: 12,
  ...parts,
});
