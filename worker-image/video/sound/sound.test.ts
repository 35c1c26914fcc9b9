import { expect, test } from "vitest";
import type { AudioStream } from "../../probe/record.ts";
import {
  bitrateKbpsOf,
  channelsOf,
  type EncodedSoundCodec,
  sameLanguage,
  soundFilters,
  soundWarnings,
} from "./sound.ts";

test.each([
  { tag: "ger", wanted: "deu", same: true },
  { tag: "slo", wanted: "slk", same: true },
  { tag: "vie", wanted: "vi", same: true },
  { tag: "he", wanted: "heb", same: true },
  { tag: "per", wanted: "fa", same: true },
  { tag: "nob", wanted: "no", same: true },
  { tag: "de-AT", wanted: "deu", same: true },
  { tag: "ENG", wanted: "en", same: true },
  { tag: "qaa", wanted: "qaa", same: true },
  { tag: "eng", wanted: "deu", same: false },
  { tag: "English (US)", wanted: "eng", same: false },
  { tag: "", wanted: "eng", same: false },
  { tag: null, wanted: "eng", same: false },
])("a track tagged $tag is in $wanted: $same", ({ tag, wanted, same }) => {
  expect(sameLanguage(tag, wanted)).toBe(same);
});

const track = (channels: number, layout: string | null) =>
  ({ channels, layout, sampleRate: 48_000 }) as AudioStream;

test.each<[name: string, AudioStream, EncodedSoundCodec, expected: string]>([
  ["a square stays one in FLAC", track(4, "quad"), "flac", "4 as it is"],
  ["a square stays one in Opus", track(4, "quad"), "opus", "4 as it is"],
  ["AAC has none, and its centre stays silent", track(4, "quad"), "aac", "5 in 5.0"],
  ["a bass beside stereo stays in PCM", track(3, "2.1"), "pcm", "3 as it is"],
  ["a bass beside stereo is not lost in AAC", track(3, "2.1"), "aac", "6 in 5.1"],
  ["one centre behind is not mixed into others in Opus", track(4, "4.0"), "opus", "5 in 5.0"],
  ["seven channels stay in Opus", track(7, "6.1"), "opus", "7 as it is"],
  ["seven channels fit into eight in AAC", track(7, "6.1"), "aac", "8 in 7.1"],
  ["a side is a back for Opus", track(6, "5.1(side)"), "opus", "6 in 5.1"],
  ["three channels without a layout are what ffmpeg takes them for", track(3, null), "pcm", "3 in 2.1"],
  ["a layout of its own is the usual one", track(3, "3 channels (FL+FR+LFE)"), "flac", "3 in 2.1"],
  ["more than eight channels stay in PCM", track(12, null), "pcm", "12 as it is"],
  ["more than eight channels are mixed to stereo", track(16, "hexadecagonal"), "flac", "2 in stereo"],
  ["MP3 has two at most", track(6, "5.1"), "mp3", "2 in stereo"],
])("%s", (_, source, codec, expected) => {
  const wish = { codec, soundtrack: { channels: "Source" as const }, speed: 1 };
  const layout = /channel_layouts=(\S+)/.exec(soundFilters(source, wish).join(" "))?.[1];
  expect(`${channelsOf(source, wish)} ${layout ? `in ${layout}` : "as it is"}`).toBe(expected);
});

test.each<
  [name: string, EncodedSoundCodec, sampleRateHz: number | undefined, rate: number, warned: string[]]
>([
  ["a rate that AAC has", "aac", 44_100, 44_100, []],
  ["a rate between those of AAC", "aac", 47_000, 48_000, ["SampleRateChanged"]],
  ["a rate above those of AAC", "aac", 192_000, 96_000, ["SampleRateChanged"]],
  ["a rate between those of MP3", "mp3", 36_000, 32_000, ["ChannelsMixed", "SampleRateChanged"]],
  ["a rate that Opus does not work at", "opus", 44_100, 48_000, ["SampleRateChanged"]],
  ["any rate in PCM", "pcm", 47_000, 47_000, []],
  ["the source's rate", "opus", undefined, 48_000, []],
])("%s", (_, codec, sampleRateHz, rate, warned) => {
  const source = { ...track(6, "5.1"), sampleRate: 44_100 };
  const wish = { codec, soundtrack: { channels: "Source" as const, sampleRateHz }, speed: 1 };
  expect(soundFilters(source, wish).at(-1)).toBe(`aresample=${rate}`);
  expect(soundWarnings(source, wish).map(({ reason }) => reason)).toEqual(warned);
});

test.each<
  [
    name: string,
    EncodedSoundCodec,
    sampleRateHz: number,
    kbps: number | undefined,
    expected: number | undefined,
  ]
>([
  ["MP3 has 320", "mp3", 48_000, 400, 320],
  ["MP3 of half the rate has 160", "mp3", 24_000, 320, 160],
  ["MP3 of a quarter of it has 64", "mp3", 8000, 128, 64],
  ["MP3 has steps", "mp3", 44_100, 100, 96],
  ["MP3 has no less than 32", "mp3", 48_000, 8, 32],
  ["AAC has 6 bits a sample", "aac", 8000, 128, 96],
  ["Opus has 256 a channel", "opus", 48_000, 520, 512],
  ["what the codec has is kept", "aac", 48_000, 520, 520],
  ["what sounds clean is held too, and no loss", "mp3", 8000, undefined, 64],
  ["PCM has none", "pcm", 8000, undefined, undefined],
])("of bitrates %s", (_, codec, sampleRateHz, bitrateKbps, expected) => {
  const wish = { codec, soundtrack: { channels: "Stereo" as const, sampleRateHz, bitrateKbps }, speed: 1 };
  expect(bitrateKbpsOf(track(2, "stereo"), wish)).toBe(expected);
  const isChanged = bitrateKbps !== undefined && bitrateKbps !== expected;
  expect(soundWarnings(track(2, "stereo"), wish).map(({ reason }) => reason)).toEqual(
    isChanged ? ["BitrateChanged"] : [],
  );
});

test("a mix that is asked for is no loss to be told of", () => {
  const wish = { codec: "mp3" as const, soundtrack: { channels: "Stereo" as const }, speed: 1 };
  expect(soundWarnings(track(6, "5.1"), wish)).toEqual([]);
});
