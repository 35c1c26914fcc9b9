import { expect, test } from "vitest";
import { mediaJob, sources, thumb, web } from "../../../test/builders/core.ts";
import { configuration } from "../configuration.ts";
import { plan } from "./plan.ts";

const pools = configuration.parse({
  pools: [
    { name: "cpu" },
    { name: "gpu", gpuResource: "nvidia.com/gpu", costWeight: 5 },
    { name: "small", costWeight: 0.1, perUnit: { memory: "128Mi" } },
  ],
}).pools;

const withEncoder = pools.map((pool) =>
  pool.name === "gpu" ? { ...pool, encoder: "nvenc" as const } : pool,
);

const poolsOf = (spec: Record<string, unknown>, offered = pools) =>
  plan(mediaJob(spec).spec, offered).units.map(({ placement }) =>
    "refused" in placement ? placement.refused : placement.pool,
  );

test("images are one unit, each rendition of each video is its own", () => {
  const square = { name: "square", image: { format: "jpeg", width: 100, height: 100 } };
  const mobile = { name: "mobile", video: { height: 360 } };
  const { units } = plan(
    mediaJob({ sources: sources("a", "b"), outputs: [thumb, web, square, mobile] }).spec,
    pools,
  );
  expect(units.map(({ name, sources, outputs }) => ({ name, sources, outputs }))).toEqual([
    { name: "image-0", sources: [0, 1], outputs: [0, 2] },
    { name: "video-0", sources: [0], outputs: [1] },
    { name: "video-1", sources: [0], outputs: [3] },
    { name: "video-2", sources: [1], outputs: [1] },
    { name: "video-3", sources: [1], outputs: [3] },
    { name: "finalize", sources: [], outputs: [] },
  ]);
  expect(units.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("images are packed to a minute of work and 250 sources, and none is lost", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `photo-${index}`);
  const { units } = plan(mediaJob({ sources: sources(...names) }).spec, pools);
  expect(units.flatMap(({ sources }) => sources)).toEqual(names.keys().toArray());
  for (const { sources, estimate } of units) {
    expect(sources.length).toBeLessThanOrEqual(250);
    expect(estimate.seconds).toBeLessThanOrEqual(60);
  }
  expect(units.length).toBeLessThan(100);
});

test("a unit's sources with long paths still fit the annotation that carries them", () => {
  const long = (name: string) => ({
    name,
    volume: { claimName: "media", path: `${"x".repeat(1000)}${name}` },
  });
  const spec = mediaJob({ sources: Array.from({ length: 500 }, (_, index) => long(`photo-${index}`)) }).spec;
  for (const { sources: indexes } of plan(spec, pools).units) {
    expect(JSON.stringify(indexes.map((index) => spec.sources[index])).length).toBeLessThan(128 * 1024);
  }
});

test("an output may be made from some sources only", () => {
  const outputs = [
    { ...thumb, sources: ["photo"] },
    { ...web, sources: ["clip"] },
  ];
  const { units, faults } = plan(mediaJob({ sources: sources("photo", "clip"), outputs }).spec, pools);
  expect(units.map(({ name, sources, outputs }) => ({ name, sources, outputs }))).toEqual([
    { name: "image-0", sources: [0], outputs: [0] },
    { name: "video-0", sources: [1], outputs: [1] },
    { name: "finalize", sources: [], outputs: [] },
  ]);
  expect(faults).toEqual([]);
});

test("an output of a source that is not there is a fault with its field path", () => {
  const outputs = [thumb, { ...web, sources: ["photo", "clap"] }];
  expect(plan(mediaJob({ sources: sources("photo", "clip"), outputs }).spec, pools).faults).toEqual([
    { path: "spec.outputs[1].sources[1]", message: "no source is named clap" },
  ]);
});

test.each([
  { name: "work goes to the cheapest pool that has enough memory", spec: {}, expected: ["cpu"] },
  { name: "Require goes to the GPU pool", spec: { placement: { gpu: "Require" } }, expected: ["gpu"] },
  {
    name: "an image stays off the GPU pool",
    spec: {},
    pools: withEncoder,
    expected: ["cpu"],
  },
  {
    name: "video goes to the GPU pool that has encoders",
    spec: { outputs: [web] },
    pools: withEncoder,
    expected: ["gpu"],
  },
  { name: "and not to one that has none", spec: { outputs: [web] }, expected: ["cpu"] },
  {
    name: "nor when hardware cannot do it",
    spec: { outputs: [{ name: "web", video: { codec: "vp9", container: "webm" } }] },
    pools: withEncoder,
    expected: ["cpu"],
  },
  { name: "a pin is obeyed", spec: { placement: { pool: "gpu" } }, expected: ["gpu"] },
  {
    name: "a unit kept small by hand fits the small pool",
    spec: { resources: { maxMemory: "100Mi" } },
    expected: ["small"],
  },
])("$name", ({ spec, pools: offered, expected }) => expect(poolsOf(spec, offered)).toEqual(expected));

test("a unit that fits nowhere says what each pool lacks", () => {
  const [refusal] = poolsOf({ placement: { gpu: "Require", pool: "cpu" } });
  expect(refusal).toContain("cpu: it has no GPU and spec.placement.gpu is Require");
  expect(refusal).toContain("gpu: spec.placement.pool asks for cpu");
});

test("a smaller rendition at a faster preset is estimated shorter", () => {
  const outputs = [
    { name: "slow", video: { height: 1080, preset: "slow" } },
    { name: "fast", video: { height: 360, preset: "veryfast" } },
  ];
  const [slow, fast] = plan(mediaJob({ outputs }).spec, pools).units;
  expect(slow?.estimate.seconds).toBeGreaterThan(10 * (fast?.estimate.seconds ?? Number.NaN));
});

test("the total is the sum of the estimates", () => {
  const { units, totalSeconds } = plan(mediaJob({ sources: sources("a", "b", "c") }).spec, pools);
  expect(totalSeconds).toBeCloseTo(units.reduce((sum, { estimate }) => sum + estimate.seconds, 0));
});
