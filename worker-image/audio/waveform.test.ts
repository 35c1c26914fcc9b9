import { expect, test } from "vitest";
import { Peaks, type Waveform } from "./waveform.ts";

const samples = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => void bytes.writeInt16LE(value, at * 2));
  return bytes;
};

const peaksOf = (chunks: Buffer[], samplesPerPixel = 2): Waveform => {
  const peaks = new Peaks(samplesPerPixel);
  for (const chunk of chunks) peaks.add(chunk);
  return JSON.parse([...peaks.json(48_000)].join(""));
};

test("each pixel holds the least and the greatest of its samples, in 8 bits", () => {
  expect(peaksOf([samples(-32_768, 32_767, 256, 512)])).toEqual({
    version: 2,
    channels: 1,
    sample_rate: 48_000,
    samples_per_pixel: 2,
    bits: 8,
    length: 2,
    data: [-128, 127, 1, 2],
  });
});

test("a last pixel that is not full counts", () => {
  expect(peaksOf([samples(256, 512, -256)]).data).toEqual([1, 2, -1, -1]);
});

test("a sample may be cut in two by the pipe", () => {
  const bytes = samples(-512, 512, 1024, 2048);
  expect(peaksOf([bytes.subarray(0, 3), bytes.subarray(3, 4), bytes.subarray(4)]).data).toEqual([
    -2, 2, 4, 8,
  ]);
});

test("a long sound is written in pieces", () => {
  const { data, length } = peaksOf(
    [samples(...Array.from({ length: 80_000 }, (_, at) => (at % 100) << 8))],
    1,
  );
  expect(length).toBe(80_000);
  expect(data.join()).toBe(Array.from({ length: 160_000 }, (_, at) => (at >> 1) % 100).join());
});

test("silence has peaks and nothing has none", () => {
  expect(peaksOf([samples(0, 0)]).data).toEqual([0, 0]);
  expect(peaksOf([samples(-255, 255)]).data).toEqual([0, 0]);
  expect(peaksOf([]).length).toBe(0);
});
