import { describe, expect, test } from "vitest";
import { someThumbnails } from "../../test/builders/stream.ts";
import type { VideoStream } from "../probe/record.ts";
import { planThumbnails, sheetFilters, sheetTrack } from "./thumbnails.ts";

const LANDSCAPE = { width: 426, height: 240 };

describe("the grid", () => {
  test.each([
    {
      name: "a long film fills sheets of ten by ten",
      seconds: 7200,
      picture: LANDSCAPE,
      expected: { cell: { width: 160, height: 90 }, columns: 10, rows: 10 },
    },
    {
      name: "a short clip has a sheet that fits: 0, 5 and 10 s",
      seconds: 12,
      picture: LANDSCAPE,
      expected: { columns: 3, rows: 1 },
    },
    { name: "one of 60 s has two rows", seconds: 60, picture: LANDSCAPE, expected: { columns: 10, rows: 2 } },
    {
      name: "a clip that ends on a multiple has none there",
      seconds: 10,
      picture: LANDSCAPE,
      expected: { columns: 2 },
    },
    {
      name: "a source that does not say how long it is gets the largest",
      seconds: null,
      picture: LANDSCAPE,
      expected: { columns: 10, rows: 10 },
    },
    {
      name: "nothing is enlarged, and sizes are even",
      seconds: 12,
      picture: { width: 90, height: 161 },
      expected: { cell: { width: 90, height: 162 } },
    },
  ])("$name", ({ seconds, picture, expected }) =>
    expect(planThumbnails({ everySeconds: 5, width: 160 }, { picture, seconds })).toMatchObject(expected),
  );
});

test("a frame that is shown at several moments fills a cell for each", () => {
  const picture = { dynamicRange: "SDR" } as VideoStream;
  expect(sheetFilters(someThumbnails(), { keepsHdr: false, picture })).toMatch(
    /^fps=1\/5:start_time=0:round=up,.*tile=/,
  );
});

test("the track names a cell for each moment, sheet after sheet, and ends with the stream", () => {
  const thumbnails = someThumbnails({
    sheets: ["thumbnails-001.jpg", "thumbnails-002.jpg"].map((fileName) => ({ fileName, bytes: 1 })),
    columns: 2,
    rows: 1,
  });
  expect(sheetTrack(thumbnails, 12.5).split("\n\n")).toEqual([
    "WEBVTT",
    "00:00:00.000 --> 00:00:05.000\nthumbnails-001.jpg#xywh=0,0,160,90",
    "00:00:05.000 --> 00:00:10.000\nthumbnails-001.jpg#xywh=160,0,160,90",
    "00:00:10.000 --> 00:00:12.500\nthumbnails-002.jpg#xywh=0,0,160,90\n",
  ]);
});
