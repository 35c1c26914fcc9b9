import { expect, test } from "vitest";
import { type Output, output } from "../../../crds/outputs/output.ts";
import type { SourceFacts } from "../../../crds/result.ts";
import { estimate } from "./estimate.ts";

const HOUR: SourceFacts = { durationSeconds: 3600, width: 1920, height: 1080, fps: 25 };
const UHD: SourceFacts = { ...HOUR, width: 3840, height: 2160 };

type Wish = Record<string, unknown>;
const of = (family: "audio" | "frames", wish: Wish, known?: SourceFacts) =>
  estimate(family, [output.parse({ name: "made", [family]: wish }) as Output], 1, known);

const SOUNDS: {
  name: string;
  wish: Wish;
  than?: Wish;
  known?: SourceFacts;
  other?: SourceFacts;
  times: number;
}[] = [
  { name: "an hour to five hundred seconds that are assumed", wish: {}, known: HOUR, times: 7 },
  {
    name: "cuts of a minute to an hour",
    wish: { cuts: [{ startSeconds: 60, endSeconds: 120 }] },
    known: HOUR,
    other: HOUR,
    times: 1 / 32,
  },
  {
    name: "cuts of a source that nobody knows",
    wish: { cuts: [{ startSeconds: 0, endSeconds: 1000 }] },
    times: 1.9,
  },
  { name: "half the speed", wish: { speed: 0.5 }, known: HOUR, other: HOUR, times: 2 },
  { name: "lossless samples to AAC", wish: { codec: "wav" }, known: HOUR, other: HOUR, times: 1 / 15 },
  { name: "FLAC to AAC", wish: { codec: "flac" }, known: HOUR, other: HOUR, times: 1 / 5.4 },
  { name: "loudness", wish: { loudness: {} }, known: HOUR, other: HOUR, times: 3 },
  {
    name: "two waveforms",
    wish: { codec: "wav", waveform: { png: true } },
    than: { codec: "wav" },
    known: HOUR,
    other: HOUR,
    times: 2.5,
  },
];

test.each(SOUNDS)("sound: $name takes $times times as long", ({ wish, than = {}, known, other, times }) => {
  const share = of("audio", wish, known).seconds / of("audio", than, other).seconds;
  expect(share / times).toBeGreaterThan(0.85);
  expect(share / times).toBeLessThan(1.15);
});

const THUMBNAIL = { width: 160 };
const STILLS: typeof SOUNDS = [
  {
    name: "a hundred frames to ten",
    wish: { count: 100, ...THUMBNAIL },
    than: { count: 10, ...THUMBNAIL },
    times: 4.5,
  },
  {
    name: "the very frames to keyframes",
    wish: { count: 100, exact: true, ...THUMBNAIL },
    than: { count: 100, ...THUMBNAIL },
    times: 5,
  },
  {
    name: "large frames to thumbnails",
    wish: { count: 100 },
    than: { count: 100, ...THUMBNAIL },
    times: 2.2,
  },
  {
    name: "a frame every second of an hour to five hundred",
    wish: { everySeconds: 1, ...THUMBNAIL },
    than: { everySeconds: 1, ...THUMBNAIL },
    known: HOUR,
    times: 4,
  },
  {
    name: "frames of 4K to those of HD",
    wish: { count: 100, ...THUMBNAIL },
    than: { count: 100, ...THUMBNAIL },
    known: UHD,
    other: HOUR,
    times: 2.8,
  },
  {
    name: "scenes of an hour to as many exact frames",
    wish: { sceneChanges: {}, ...THUMBNAIL },
    than: { count: 100, exact: true, ...THUMBNAIL },
    known: HOUR,
    other: HOUR,
    times: 12,
  },
  { name: "WebP to JPEG", wish: { count: 100, format: "webp" }, than: { count: 100 }, times: 1.6 },
];

test.each(STILLS)("frames: $name takes $times times as long", ({ wish, than = {}, known, other, times }) => {
  const share = of("frames", wish, known).seconds / of("frames", than, other).seconds;
  expect(share / times).toBeGreaterThan(0.8);
  expect(share / times).toBeLessThan(1.2);
});

test.each([
  { name: "one poster", wish: {}, mib: 768 },
  { name: "many keyframes", wish: { count: 100, ...THUMBNAIL }, mib: 768 },
  { name: "the very frames of 4K, a few at once", wish: { count: 100, exact: true }, known: UHD, mib: 768 },
  { name: "those of 8K, one by one", wish: { exact: true }, known: { width: 7680, height: 4320 }, mib: 919 },
])("memory is enough for $name", ({ wish, known, mib }) => {
  const found = of("frames", wish, known).memoryBytes / 2 ** 20;
  expect(found / mib).toBeGreaterThan(0.95);
  expect(found / mib).toBeLessThan(1.05);
});
