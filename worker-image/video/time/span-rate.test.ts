import { expect, test } from "vitest";
import { list, source } from "../../../test/builders/video.ts";

const VARYING = source({ video: { avg_frame_rate: "22/1", r_frame_rate: "30/1" } });
const CLOCKED = source({ video: { avg_frame_rate: "27/1", r_frame_rate: "1000/1" } });
const LATE = source({ video: { start_time: "0.5" }, format: { start_time: "0" } });
const CUTS = [
  { startSeconds: 1, endSeconds: 2.51 },
  { startSeconds: 0, endSeconds: 0.2 },
];

test.each([
  { name: "a varying rate the closest frames decide", record: VARYING, output: {}, rate: "30/1" },
  { name: "a container's clock for a rate a usual one does", record: CLOCKED, output: {}, rate: "30/1" },
  { name: "a rate that is asked for it does", record: VARYING, output: { fps: 25 }, rate: "25/1" },
  {
    name: "another speed it does for the source",
    record: VARYING,
    output: { fps: 25, speed: 2 },
    rate: "30/1",
  },
  { name: "pictures that begin after a cut their own does", record: LATE, output: {}, rate: "25/1" },
  {
    name: "a single frame its own does",
    record: source(),
    output: { cuts: [{ startSeconds: 1, endSeconds: 1.04 }, { startSeconds: 2 }] },
    rate: "25/1",
  },
  { name: "a steady rate none does", record: source(), output: {}, rate: undefined },
  { name: "a varying rate without cuts none does", record: VARYING, output: { cuts: [] }, rate: undefined },
])("of cuts of $name", ({ record, output, rate }) => {
  const text = list({ cuts: CUTS, ...output }, record).join(" ");
  expect(/fps=(\S+?):start_time=0/.exec(text)?.[1]).toBe(rate);
  expect(text.includes("-noaccurate_seek")).toBe(rate !== undefined);
});

test("a cut of a varying rate lasts as long as whole frames do, in pictures and in sound", () => {
  const text = list({ cuts: CUTS }, VARYING).join(" ");
  expect(text).toContain("fps=30/1:start_time=0,trim=end=1.5[picturecut0]");
  expect(text).toContain("[0:1]atrim=start=0:end=1.5[sound0cut0]");
  expect(text).toContain("concat=n=2:v=1:a=0,setpts=round(N*1/30/TB)");
  expect(text).not.toContain(" -t ");
});

test("frames that are made between those of cuts are all kept", () => {
  const text = list({ cuts: CUTS, interpolate: { fps: 60 } }, VARYING).join(" ");
  expect(text).toMatch(/concat=.*,minterpolate=fps=60\/1:[^,]*,trim=end=1.7\[picture\]/);
});
