import { expect, test } from "vitest";
import { describeTimeline, type PacketTime } from "./timeline.ts";

const film = (times: number[], keyEvery = 5): PacketTime[] =>
  times.map((seconds, at) => ({ seconds, durationSeconds: 0.04, key: at % keyEvery === 0 }));
const steady = (count: number, fps = 25) => Array.from({ length: count }, (_, at) => at / fps);

test.each([
  { name: "equal distances", times: steady(50), expected: false },
  {
    name: "milliseconds that round 29.97 fps",
    times: steady(90, 29.97).map((time) => Math.round(time * 1000) / 1000),
    expected: false,
  },
  {
    name: "one dropped frame in a hundred",
    times: steady(101).filter((_, at) => at !== 50),
    expected: false,
  },
  {
    name: "a phone that slows down in the dark",
    times: [...steady(30, 30), ...steady(30, 20).map((time) => time + 1)],
    expected: true,
  },
  { name: "two frames say nothing", times: [0, 0.04], expected: null },
])("$name: variable is $expected", ({ times, expected }) =>
  expect(describeTimeline([film(times)], true).variableFrameRate).toBe(expected),
);

test("a rate that changes from one place to another varies, and what lies between them says nothing", () => {
  const at = (start: number, fps: number) => film(steady(60, fps).map((time) => start + time));
  expect(describeTimeline([at(0, 30), at(50, 30), at(90, 30)], false).variableFrameRate).toBe(false);
  expect(describeTimeline([at(0, 30), at(50, 24), at(90, 24)], false)).toMatchObject({
    variableFrameRate: true,
    longestGroup: 5,
    measuredSeconds: null,
  });
});

test("duration reaches to the end of the last frame, in the order of showing", () => {
  const [i, p, b] = [0, 0.08, 0.04].map((seconds, at) => ({ seconds, durationSeconds: 0.04, key: at === 0 }));
  if (!i || !p || !b) throw new Error("three packets");
  expect(describeTimeline([[i, p, b]], true).measuredSeconds).toBeCloseTo(0.12);
  expect(describeTimeline([[i, p, b]], false).measuredSeconds).toBeNull();
});

test("groups are counted from keyframe to keyframe", () => {
  expect(describeTimeline([film(steady(23), 10)], true)).toMatchObject({
    keyframes: 3,
    longestGroup: 10,
    keyframeIntervalSeconds: 0.4,
  });
  expect(describeTimeline([], true)).toMatchObject({
    keyframes: 0,
    longestGroup: null,
    keyframeIntervalSeconds: null,
  });
});

test("a film of more keyframes than a call takes arguments is measured too", () => {
  const tooMany = 550_000; // in a thread of Vitest; elsewhere a quarter is
  expect(describeTimeline([film(steady(tooMany), 1)], true)).toMatchObject({
    keyframes: tooMany,
    longestGroup: 1,
  });
});
