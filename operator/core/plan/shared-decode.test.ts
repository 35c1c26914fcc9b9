import { expect, test } from "vitest";
import type { SourceFacts } from "../../../crds/result.ts";
import { mediaJob, sources } from "../../../test/builders/core.ts";
import { configuration } from "../configuration.ts";
import { choicesOf } from "./choices.ts";
import { grow, plan } from "./plan.ts";

const { pools } = configuration.parse({ pools: [{ name: "cpu" }] });

const HD: SourceFacts = { durationSeconds: 60, width: 1920, height: 1080, fps: 25, hdr: 0, interlaced: 0 };
const UHD: SourceFacts = { ...HD, width: 3840, height: 2160 };

const rungs = (common: object = {}) =>
  [1080, 720, 480].map((height) => ({
    name: `p${height}`,
    video: { height, preset: "veryfast", ...common },
  }));

function unitsOf(outputs: object[], facts: SourceFacts) {
  const { spec } = mediaJob({ sources: sources("clip"), outputs });
  const whole = grow(
    plan(spec, pools),
    { why: "SourcesKnown", facts: new Map([[0, facts]]) },
    { spec, pools },
  );
  return whole.units.filter(({ family }) => family === "video");
}

test.each([
  { name: "4K is decoded once for all", outputs: rungs(), facts: UHD, shared: 3 },
  { name: "HDR is tone-mapped once for all", outputs: rungs(), facts: { ...HD, hdr: 1 }, shared: 3 },
  {
    name: "what is slow to encode is decoded for each",
    outputs: rungs({ preset: "medium" }),
    facts: HD,
    shared: 1,
  },
  {
    name: "HDR that is kept needs no tone mapping",
    outputs: rungs({ codec: "h265", preset: "medium", dynamicRange: "Source" }),
    facts: { ...UHD, hdr: 1 },
    shared: 1,
  },
  {
    name: "two passes read the source twice",
    outputs: rungs({ bitrateKbps: 900, twoPass: true }),
    facts: UHD,
    shared: 1,
  },
  {
    name: "parts of a long source run at once",
    outputs: rungs(),
    facts: { ...UHD, durationSeconds: 600 },
    shared: 1,
  },
  { name: "an unknown source is not counted on", outputs: rungs(), facts: {}, shared: 1 },
])("$name", ({ outputs, facts, shared }) =>
  expect(Math.max(...unitsOf(outputs, facts).map((unit) => unit.outputs.length))).toBe(shared),
);

test("only outputs that go the same way until they are scaled come together", () => {
  const square = {
    name: "square",
    video: { height: 720, preset: "veryfast", crop: { width: 1000, height: 1000 } },
  };
  const [together, alone, ...others] = unitsOf([...rungs(), square], UHD);
  expect(together?.outputs).toEqual([0, 1, 2]);
  expect(together?.why).toMatch(/^3 renditions from one decode, which saves \d\d % of the work$/);
  expect(alone?.outputs).toEqual([3]);
  expect(others).toEqual([]);
});

test("a decode for each says what one for all would have saved", () => {
  const [first] = unitsOf(rungs({ preset: "slow" }), HD);
  expect(first?.why).toMatch(
    /in one piece: 60 s, not more than 2 parts; a decode of its own: sharing one would save \d %/,
  );
});

test("what is made together is estimated as less work and more memory than apart", () => {
  const [together] = unitsOf(rungs(), UHD);
  const apart = unitsOf(rungs({ preset: "veryslow" }), HD);
  const one = unitsOf([rungs()[0] ?? {}, { name: "other", video: { height: 360, speed: 2 } }], UHD)[0];
  expect(apart).toHaveLength(3);
  expect(together?.estimate.seconds).toBeLessThan(3 * (one?.estimate.seconds ?? 0));
  expect(together?.estimate.memoryBytes).toBeGreaterThanOrEqual(one?.estimate.memoryBytes ?? 0);
});

test("a plan tells beforehand with which others an output may share a decode", () => {
  const { spec } = mediaJob({
    sources: sources("clip"),
    outputs: [...rungs(), { name: "kept", video: { codec: "copy" } }],
  });
  const choices = new Map(choicesOf(spec).map(({ output, choice }) => [output, choice]));
  expect(choices.get("p720")).toContain("together with p1080, p480, from one decode, where that saves 20 %");
  expect(choices.get("kept")).toContain("a decode of its own: codec copy decodes nothing");
});
