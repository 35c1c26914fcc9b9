import { expect, test } from "vitest";
import { ladderOf } from "./ladder.ts";

const auto = (width: number, height: number, fps = 25, codec: "h264" | "av1" = "h264") =>
  ladderOf({ width, height, fps }, { ladder: "Auto", renditions: undefined, codec });
const sizes = (width: number, height: number) =>
  auto(width, height).rungs.map(({ size }) => `${size.width}x${size.height}`);

test.each([
  {
    name: "1080p has every tier up to its own",
    source: [1920, 1080],
    expected: ["426x240", "640x360", "854x480", "1280x720", "1920x1080"],
  },
  {
    name: "nothing is above the source",
    source: [1280, 720],
    expected: ["426x240", "640x360", "854x480", "1280x720"],
  },
  {
    name: "between two tiers the lower counts",
    source: [960, 540],
    expected: ["426x240", "640x360", "854x480"],
  },
  {
    name: "a portrait's tiers are its width",
    source: [720, 1280],
    expected: ["240x426", "360x640", "480x854", "720x1280"],
  },
  {
    name: "what lacks some lines of a tier has it at its own size",
    source: [1920, 1036],
    expected: ["444x240", "668x360", "890x480", "1334x720", "1920x1036"],
  },
  { name: "so has an odd one", source: [639, 359], expected: ["428x240", "638x358"] },
  {
    name: "what lacks a tenth of a tier has the one below",
    source: [1440, 971],
    expected: ["356x240", "534x360", "712x480", "1068x720"],
  },
  { name: "an odd source stays even and inside", source: [641, 361], expected: ["426x240", "640x360"] },
  { name: "a source below every tier keeps its size", source: [160, 120], expected: ["160x120"] },
] as const)("$name", ({ source: [width, height], expected }) =>
  expect(sizes(width, height)).toEqual(expected),
);

test("fast sources and better codecs change the bitrates", () => {
  const top = (fps: number, codec?: "av1") => auto(1920, 1080, fps, codec).rungs.at(-1)?.bitrateKbps;
  expect(top(25)).toBe(5000);
  expect(top(50)).toBe(7000);
  expect(top(25, "av1")).toBe(2750);
});

test("explicit renditions above the source are left out, repeats and disorder are mended", () => {
  const renditions = [1080, 360, 360, 720].map((height) => ({ height, bitrateKbps: height }));
  const { rungs, leftOut } = ladderOf(
    { width: 1280, height: 720, fps: 25 },
    { ladder: "Explicit", renditions, codec: "h264" },
  );
  expect(rungs.map(({ name }) => name)).toEqual(["360p", "720p"]);
  expect(leftOut).toEqual([1080]);
});

test("renditions of one height are told apart by their bitrate", () => {
  const renditions = [4500, 3000].map((bitrateKbps) => ({ height: 720, bitrateKbps }));
  const { rungs } = ladderOf(
    { width: 1280, height: 720, fps: 25 },
    { ladder: "Explicit", renditions: [...renditions, { height: 360, bitrateKbps: 800 }], codec: "h264" },
  );
  expect(rungs.map(({ name, bitrateKbps }) => [name, bitrateKbps])).toEqual([
    ["360p", 800],
    ["720p-3000k", 3000],
    ["720p-4500k", 4500],
  ]);
});
