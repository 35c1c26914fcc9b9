import { expect, test } from "vitest";
import type { VideoStream } from "../../probe/record.ts";
import { codedMatrix, colorArguments, colorFilters, colorOf } from "./color.ts";

const UNSAID = { primaries: null, transfer: null, matrix: null, range: null };
const BT709 = { ...UNSAID, matrix: "bt709" };
const ALL_BT709 = "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv";

/** 720p of 8 bits that says nothing of its colours, changed where a test says so. */
const picture = (fields: Partial<VideoStream> = {}) =>
  ({
    ...{ storedWidth: 1280, storedHeight: 720, chroma: "4:2:0", bitDepth: 8 },
    ...{ color: UNSAID, dynamicRange: "SDR", ...fields },
  }) as VideoStream;

const small = { storedWidth: 720, storedHeight: 576 };

test.each([
  { name: "a source that says its matrix", of: { color: BT709 }, filters: "", said: "-colorspace bt709" },
  {
    name: "a large one that does not",
    of: {},
    filters: "setparams=colorspace=bt709",
    said: "-colorspace bt709",
  },
  {
    name: "a small one that does not",
    of: small,
    filters: "setparams=colorspace=smpte170m",
    said: "-colorspace smpte170m",
  },
  {
    name: "HDR that does not",
    of: { dynamicRange: "HLG", color: { ...UNSAID, transfer: "arib-std-b67" } } as const,
    filters: "setparams=colorspace=bt2020nc",
    said: "-color_trc arib-std-b67 -colorspace bt2020nc",
  },
  {
    name: "one of full range",
    of: { color: { ...BT709, range: "pc" }, pixelFormat: "yuv420p" },
    filters: "scale=out_range=tv",
    said: "-colorspace bt709 -color_range tv",
  },
  {
    name: "one whose pixel format is of full range",
    of: { color: { ...BT709, range: "pc" }, pixelFormat: "yuvj420p" },
    filters: "",
    said: "-colorspace bt709",
  },
  {
    name: "one of full range that says no matrix",
    of: { color: { ...UNSAID, range: "pc" }, pixelFormat: "yuv420p" },
    filters: "scale=out_range=tv,setparams=colorspace=bt709",
    said: "-colorspace bt709 -color_range tv",
  },
  {
    name: "RGB, small or large",
    of: { ...small, chroma: "RGB", color: { ...UNSAID, matrix: "gbr" } },
    filters:
      "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv444p,setparams=colorspace=bt709",
    said: ALL_BT709,
  },
])("$name", ({ of, filters, said }) => {
  const source = picture(of);
  const work = { color: colorOf(source) };
  expect(colorFilters(work).join()).toBe(filters);
  expect(colorArguments({ work, picture: source }).join(" ")).toBe(said);
});

test("RGB of more than 8 bits keeps ten, and what is not opaque stays so", () => {
  expect(colorOf(picture({ chroma: "RGB", pixelFormat: "argb" }))?.rgbTo).toBe("yuva444p10le");
  expect(colorOf(picture({ chroma: "RGB", bitDepth: 16 }))?.rgbTo).toBe("yuv444p10le");
});

test("mapped HDR is BT.709, whatever the source says", () => {
  const source = picture({ dynamicRange: "HDR10", color: { ...UNSAID, matrix: "bt2020nc" } });
  const work = { color: undefined, toneMapFrom: "HDR10" as const };
  expect(colorArguments({ work, picture: source }).join(" ")).toBe(ALL_BT709);
  expect(codedMatrix(source, work)).toBe("bt709");
});

test.each([
  { matrix: "bt470bg", expected: "bt601" },
  { matrix: "smpte170m", expected: "bt601" },
  { matrix: "bt2020nc", expected: "bt2020" },
  { matrix: null, expected: "bt709" },
])("pictures in $matrix are coded by $expected", ({ matrix, expected }) => {
  const source = picture({ color: { ...UNSAID, matrix } });
  expect(codedMatrix(source, { color: colorOf(source) })).toBe(expected);
});
