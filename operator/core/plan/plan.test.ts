import { describe, expect, test } from "vitest";
import type { MediaJob } from "../../../crds/media-job.ts";
import type { SourceFacts } from "../../../crds/result.ts";
import { film, mediaJob, sources, thumb, web } from "../../../test/builders/core.ts";
import { configuration } from "../configuration.ts";
import { grow, type Plan, plan } from "./plan.ts";

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

const cutOf = ({ units }: Plan) => units.map(({ name, sources, outputs }) => ({ name, sources, outputs }));

const square = { name: "square", image: { format: "jpeg", width: 100, height: 100 } };
const mobile = { name: "mobile", video: { height: 360 } };

test("images are one unit, each rendition of each video is its own, and the last one finalizes", () => {
  const made = plan(
    mediaJob({ sources: sources("a", "b"), outputs: [thumb, web, square, { ...web, name: "again" }] }).spec,
    pools,
  );
  expect(cutOf(made)).toEqual([
    { name: "image-0", sources: [0, 1], outputs: [0, 2] },
    { name: "video-0", sources: [0], outputs: [1] },
    { name: "video-1", sources: [0], outputs: [3] },
    { name: "video-2", sources: [1], outputs: [1] },
    { name: "video-3", sources: [1], outputs: [3] },
    { name: "finalize", sources: [], outputs: [] },
  ]);
  expect(made.units.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
});

describe("a plan that follows from what the sources are", () => {
  const spec = (fields: object = {}) =>
    mediaJob({ sources: sources("a", "b"), outputs: [thumb, mobile, web], ...fields }).spec;
  const grown = (of: MediaJob["spec"], facts: Record<number, SourceFacts>) =>
    grow(
      plan(of, pools),
      {
        why: "SourcesKnown",
        facts: new Map(Object.entries(facts).map(([index, known]) => [Number(index), known])),
      },
      { spec: of, pools },
    );

  test("begins with what needs no facts, and with a probe of the sources that do", () => {
    const first = plan(spec(), pools);
    expect(cutOf(first)).toEqual([
      { name: "image-0", sources: [0, 1], outputs: [0] },
      { name: "video-0", sources: [0], outputs: [2] },
      { name: "video-1", sources: [1], outputs: [2] },
      { name: "probe-0", sources: [0, 1], outputs: [] },
    ]);
    expect(first.awaitsFacts).toBe(true);
    expect(first.totalSeconds, "what is to come counts").toBeGreaterThan(60);
  });

  test.each([
    { name: "a poster", beside: { name: "poster", frames: {} } },
    { name: "photos", beside: thumb },
  ])("knows how long a film is that is the only one beside $name", ({ beside }) => {
    const of = spec({ sources: sources("a"), outputs: [beside, mobile] });
    expect(plan(of, pools).units.map(({ name }) => name)).toEqual([expect.any(String), "probe-0"]);
    const { units } = grown(of, { 0: { durationSeconds: 170 } });
    expect(units.slice(2).map(({ name }) => name)).toEqual([
      ...["part-0", "part-1", "part-2", "join-0", "finalize"],
    ]);
  });

  test("goes on with units that keep the names and places of the first ones", () => {
    const whole = grown(spec(), { 0: { durationSeconds: 10 } });
    expect(whole.units.slice(0, 4)).toEqual(plan(spec(), pools).units);
    expect(cutOf(whole).slice(4)).toEqual([
      { name: "video-2", sources: [0], outputs: [1] },
      { name: "video-3", sources: [1], outputs: [1] },
      { name: "finalize", sources: [], outputs: [] },
    ]);
    expect(whole.units.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(whole.awaitsFacts).toBeUndefined();
  });

  test("cuts a long source into parts, and joins them", () => {
    const { units } = grown(spec({ outputs: [mobile] }), { 0: { durationSeconds: 170 } });
    const [, first, , third, join, other] = units;
    expect(units.map(({ name }) => name)).toEqual([
      "probe-0",
      "part-0",
      "part-1",
      "part-2",
      "join-0",
      "video-0",
      "finalize",
    ]);
    expect(first?.part).toEqual({ index: 0, count: 3, startSeconds: 0, endSeconds: 60 });
    expect(third?.part).toEqual({ index: 2, count: 3, startSeconds: 120 });
    expect(join).toMatchObject({ join: { parts: 3 }, needs: [1, 2, 3], family: "video" });
    expect(join?.why).toBe("in 3 parts of 60 s, at once: 170 s");
    expect(other?.why).toBe("in one piece: how long the source is is not known");
  });

  test("cuts a long stream between its segments, of which a part makes every rung", () => {
    const outputs = [{ name: "film", stream: { segmentSeconds: 7 } }];
    const { units } = grown(spec({ outputs }), { 0: { durationSeconds: 170 } });
    expect(units.slice(1, 5)).toMatchObject([
      { name: "part-0", family: "stream", part: { index: 0, count: 3, startSeconds: 0, endSeconds: 63 } },
      { name: "part-1", part: { startSeconds: 63, endSeconds: 126 } },
      { name: "part-2", part: { startSeconds: 126 } },
      { name: "join-0", family: "stream", join: { parts: 3 }, needs: [1, 2, 3] },
    ]);
  });

  test.each([
    { name: "no parts for two minutes", seconds: 120, expected: "in one piece: 120 s" },
    { name: "parts for more", seconds: 121, expected: "in 2 parts of 60 s" },
    {
      name: "parts that begin where a keyframe would",
      video: { keyframeIntervalSeconds: 7 },
      seconds: 200,
      expected: "in 3 parts of 63 s",
    },
    { name: "longer parts for a day", seconds: 86_400, expected: "in 200 parts of 432 s" },
    {
      name: "no parts where bits are shared out over the film",
      video: { targetBytes: 1e7 },
      seconds: 600,
      expected: "in one piece: two passes",
    },
    {
      name: "no parts of a transport stream, in which no moment can be found",
      seconds: 600,
      seekable: 0,
      expected: "in one piece: its container",
    },
    {
      name: "no parts where no two would run at once",
      parallelism: 1,
      seconds: 600,
      expected: "in one piece: spec.parallelism",
    },
  ])("makes $name", ({ video, parallelism = 8, seconds, seekable = 1, expected }) => {
    const outputs = [{ name: "film", video: { height: 360, ...video } }];
    const { units } = grown(spec({ outputs, parallelism }), { 0: { durationSeconds: seconds, seekable } });
    expect(units.find(({ why }) => why)?.why).toContain(expected);
  });

  test("the parts of a film take as long as the film, and it as long as its size says", () => {
    const film = { durationSeconds: 600, width: 1920, height: 1080, fps: 30 };
    const secondsOf = (known: SourceFacts, of = spec({ outputs: [mobile] })) =>
      grown(of, { 0: known })
        .units.filter(({ part, sources: [source] }) => part && source === 0)
        .reduce((sum, { estimate }) => sum + estimate.seconds, 0);
    const whole = spec({ outputs: [mobile], parallelism: 1 });
    const inOnePiece = grown(whole, { 0: film }).units.find(({ family }) => family === "video");
    expect(secondsOf(film)).toBeCloseTo(inOnePiece?.estimate.seconds ?? Number.NaN);
    expect(secondsOf({ ...film, fps: 60 })).toBeCloseTo(2 * secondsOf(film));
    expect(secondsOf({ ...film, width: 1280, height: 720 })).toBeLessThan(secondsOf(film));
  });

  const HD = { width: 1920, height: 1080, fps: 60 };
  const UHD = { width: 3840, height: 2160, fps: 60 };
  test.each([
    { name: "half a minute", known: { ...HD, durationSeconds: 30 } },
    { name: "less than three minutes", known: { ...HD, durationSeconds: 170 }, parts: 11 },
    { name: "two hours", known: { ...HD, durationSeconds: 7200 }, parts: 480 },
    { name: "the same, one after another", known: { ...HD, durationSeconds: 7200 }, alone: true, parts: 480 },
    { name: "half a minute of 4K", known: { ...UHD, durationSeconds: 30 }, parts: 10 },
    { name: "an hour of 4K", known: { ...UHD, durationSeconds: 3600 }, parts: 1200 },
    { name: "seconds of 4K", known: { ...UHD, durationSeconds: 4 }, parts: 0 },
    { name: "a minute of 8K", known: { width: 7680, height: 4320, fps: 60, durationSeconds: 60 }, parts: 60 },
    {
      name: "4K with keyframes far apart",
      known: { ...UHD, durationSeconds: 30 },
      video: { keyframeIntervalSeconds: 10 },
      parts: 12,
    },
    { name: "a shorter time", known: { ...HD, durationSeconds: 30 }, timeout: 1200, parts: 8 },
  ])("frames between frames of $name are made by units that have the time for it", (row) => {
    const { known, video, alone, timeout: unitTimeoutSeconds = 3600, parts } = row;
    const of = spec({
      sources: sources("a", "b"),
      outputs: [{ name: "smooth", video: { interpolate: { fps: 120 }, ...video } }],
      unitTimeoutSeconds,
      ...(alone && { parallelism: 1 }),
    });
    const own = grown(of, { 0: known }).units.filter(({ sources: [source] }) => source === 0);
    const secondsOf = ({ part, estimate }: (typeof own)[number]) => {
      const { startSeconds = 0, endSeconds = known.durationSeconds } = part ?? {};
      const read = endSeconds - startSeconds;
      return (estimate.seconds * (read + (startSeconds > 0 ? 1 : 0))) / read;
    };
    expect(Math.max(...own.map(secondsOf))).toBeLessThan(unitTimeoutSeconds * 0.9);
    if (parts !== undefined) expect(own.filter(({ part }) => part)).toHaveLength(parts);
  });

  test("parts are made in software: they take no accelerator, and where one is a must there are none", () => {
    const known = { durationSeconds: 170 };
    const placed = (gpu: string, outputs: object[] = [mobile]) => {
      const of = spec({ sources: sources("a", "b"), outputs, placement: { gpu } });
      const facts = new Map([0, 1].map((index) => [index, known] as const));
      const { units } = grow(
        plan(of, withEncoder),
        { why: "SourcesKnown", facts },
        { spec: of, pools: withEncoder },
      );
      return units
        .filter(({ sources: [source], family }) => source === 0 && family === "video")
        .map(({ name, placement, why }) => [name, "gpu" in placement && placement.gpu, why]);
    };
    expect(placed("Prefer").map(([name, gpu]) => `${name} ${gpu}`)).toEqual([
      ...["part-0 false", "part-1 false", "part-2 false", "join-0 false"],
    ]);
    const why = "in one piece: spec.placement.gpu is Require, and hardware encodes no parts";
    expect(placed("Require")).toEqual([["video-0", true, why]]);
    expect(placed("Require", [{ name: "vp9", video: { codec: "vp9", container: "webm" } }])).toHaveLength(4);
  });

  test("what is decoded whole to verify it takes longer, in one piece, in its parts and where these are joined", () => {
    const film = { durationSeconds: 600, width: 1920, height: 1080, fps: 30 };
    const secondsOf = (verify: string, parallelism: number) =>
      grown(spec({ outputs: [{ name: "film", stream: { verify } }], parallelism }), { 0: film })
        .units.filter(({ sources: [source], family }) => source === 0 && family === "stream")
        .map(({ estimate }) => estimate.seconds);
    for (const parallelism of [1, 8]) {
      const fast = secondsOf("Fast", parallelism);
      const full = secondsOf("Full", parallelism);
      expect(fast).toHaveLength(parallelism === 1 ? 1 : 11);
      for (const [at, seconds] of fast.entries()) expect(full[at]).toBeGreaterThan(seconds * 1.05);
    }
  });

  test.each([
    { name: "a small clip", known: { width: 320, height: 180, fps: 25 }, atMost: 600 },
    { name: "8K at 120 frames a second", known: { width: 7680, height: 4320, fps: 120 }, atMost: 8192 },
  ])("$name fits a pool", ({ known, atMost }) => {
    const { units } = grown(spec({ outputs: [mobile] }), { 0: { durationSeconds: 10, ...known } });
    const [clip] = units.filter(({ family }) => family === "video");
    expect(clip?.placement).not.toHaveProperty("refused");
    expect(clip?.estimate.memoryBytes).toBeLessThanOrEqual(atMost * 2 ** 20);
  });

  test.each([
    { name: "one rendition of one source", fields: { sources: sources("a"), outputs: [mobile] } },
    { name: "photos", fields: { outputs: [thumb] } },
    { name: "what is only copied", fields: { outputs: [web] } },
    { name: "a spec with a fault", fields: { outputs: [{ ...mobile, sources: ["a", "b", "gone"] }] } },
  ])("is not made for $name", ({ fields }) => {
    expect(plan(spec(fields), pools).awaitsFacts).toBeUndefined();
  });

  test("probes no more sources at once than a result can tell of", () => {
    const names = Array.from({ length: 150 }, (_, index) => `clip-${index}`);
    const { units } = plan(spec({ sources: sources(...names), outputs: [mobile] }), pools);
    expect(units.map(({ sources }) => sources.length)).toEqual([60, 60, 30]);
  });
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

test.each([
  { image: { format: "avif", formats: ["webp"], widths: [400, 800, 1600] }, secondsEach: 5.3 },
  { image: { format: "webp", formats: ["avif", "webp"], widths: [400, 800, 1600] }, secondsEach: 5.3 },
  { image: { format: "avif", formats: ["webp"] }, secondsEach: 1.9 },
  { image: { format: "jpeg", widths: [400, 800] }, secondsEach: 0.4 },
  { image: { format: "Auto", formats: ["gif", "tiff"] }, secondsEach: 1.6 },
])("a unit of a minute holds what $image allows", ({ image, secondsEach }) => {
  const names = Array.from({ length: 300 }, (_, index) => `photo-${index}`);
  const { units } = plan(
    mediaJob({ sources: sources(...names), outputs: [{ name: "set", image }] }).spec,
    pools,
  );
  expect(units[0]?.sources).toHaveLength(Math.floor(60 / secondsEach));
  expect(units[0]?.estimate.seconds).toBeCloseTo((Math.floor(60 / secondsEach) * secondsEach) / 2);
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

describe("a MediaJob of 10,000 sources", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `clip-${index}`);
  const { spec } = mediaJob({ sources: sources(...names) });
  const sounds = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `sound-${index}`, audio: {} }));
  const made = (outputs: object[]) => plan({ ...spec, outputs: mediaJob({ outputs }).spec.outputs }, pools);

  test("may have three outputs that are a unit each", () => {
    const { units, faults } = made(sounds(3));
    expect(units).toHaveLength(30_001);
    expect(faults).toEqual([]);
  });

  test.each([
    { name: "photos besides are too many", outputs: [...sounds(3), thumb], count: 30_067 },
    { name: "a fourth one is too many", outputs: sounds(4), count: 40_000 },
    { name: "so are as many as there may be, of which none is made", outputs: sounds(50), count: 500_000 },
  ])("$name: one unit stands for all", ({ outputs, count }) => {
    const { units, faults } = made(outputs);
    expect(units).toMatchObject([{ name: "metadata-0", sources: { length: 10_000 } }]);
    const message = expect.stringContaining(`makes ${count} units of work or more`);
    expect(faults).toEqual([{ path: "spec.sources", message }]);
  });
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
    spec: { outputs: [film] },
    pools: withEncoder,
    expected: ["gpu"],
  },
  { name: "and not to one that has none", spec: { outputs: [film] }, expected: ["cpu"] },
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

test.each([
  { name: "has a place without one, too", pools: withEncoder, expected: ["cpu"] },
  {
    name: "has that one only, where no other pool takes it",
    pools: withEncoder.filter(({ name }) => name !== "cpu"),
    expected: [undefined],
  },
])("a unit that prefers an accelerator $name", ({ pools: offered, expected }) => {
  const { units } = plan(mediaJob({ outputs: [film] }).spec, offered);
  expect(units.map(({ withoutGpu }) => withoutGpu && "pool" in withoutGpu && withoutGpu.pool)).toEqual(
    expected,
  );
});

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
  const [slow, fast] = outputs.map((output) => plan(mediaJob({ outputs: [output] }).spec, pools).units[0]);
  expect(slow?.estimate.seconds).toBeGreaterThan(10 * (fast?.estimate.seconds ?? Number.NaN));
});

describe("a rendition is estimated by what is made of its source", () => {
  const hour = { durationSeconds: 3600, width: 1920, height: 1080, fps: 25 };
  const estimateOf = (video: object, known: SourceFacts = hour) => {
    const { spec } = mediaJob({ sources: sources("a"), outputs: [{ name: "made", video }], parallelism: 1 });
    const facts = new Map([[0, known]]);
    const { units } = grow(plan(spec, pools), { why: "SourcesKnown", facts }, { spec, pools });
    return (
      units.find(({ name }) => name === "video-1")?.estimate ?? {
        seconds: Number.NaN,
        memoryBytes: Number.NaN,
      }
    );
  };
  const shareOf = (video: object, known?: SourceFacts) =>
    estimateOf({ height: 720, ...video }, known).seconds / estimateOf({ height: 720 }, known).seconds;

  test("cuts of a minute take a minute's share of an hour, wherever they lie", () => {
    const cuts = [{ startSeconds: 60, endSeconds: 90 }, { startSeconds: 3570 }, { startSeconds: 4000 }];
    expect(shareOf({ cuts })).toBeCloseTo(1 / 60, 5);
  });

  test("cuts of a source of unknown length are as long as they say", () => {
    expect(shareOf({ cuts: [{ startSeconds: 1000, endSeconds: 1050 }] }, {})).toBeCloseTo(0.1, 5);
  });

  test.each([
    { name: "twice the frames", video: { fps: 50 }, least: 1.5, most: 2 },
    { name: "half the speed", video: { speed: 0.5 }, least: 1.5, most: 2 },
    { name: "twice the speed", video: { speed: 2 }, least: 0.5, most: 0.8 },
    { name: "two files after it", video: { append: ["b.mp4", "c.mp4"] }, least: 2.9, most: 3.1 },
    {
      name: "frames between its frames",
      video: { interpolate: { fps: 50 }, cuts: [{ startSeconds: 0 }] },
      least: 30,
      most: 200,
    },
  ])("$name", ({ video, least, most }) => {
    expect(shareOf(video)).toBeGreaterThan(least);
    expect(shareOf(video)).toBeLessThan(most);
  });

  test("a larger picture than the source's takes more memory than the source", () => {
    const memoryOf = (video: object) => estimateOf(video).memoryBytes / 2 ** 30;
    expect(memoryOf({ upscale: 4 })).toBeGreaterThan(4);
    expect(memoryOf({ height: 720 })).toBeLessThan(1.2);
  });
});

test.each([
  { name: "a frame every tenth of a second", frames: { everySeconds: 0.1, width: 1920 }, pictures: 2000 },
  { name: "thumbnails inside a square", frames: { count: 10, width: 960, height: 960 }, pictures: 2.5 },
])("scratch has room for the pictures of $name", ({ frames, pictures }) => {
  const [unit] = plan(mediaJob({ outputs: [{ name: "made", frames }] }).spec, pools).units;
  const bytes = (unit?.estimate.scratchBytes ?? Number.NaN) - 256 * 2 ** 20;
  expect(bytes / (1920 * 1080 * 2)).toBeCloseTo(pictures, 1);
});

test("the total is the sum of the estimates", () => {
  const { units, totalSeconds } = plan(mediaJob({ sources: sources("a", "b", "c") }).spec, pools);
  expect(totalSeconds).toBeCloseTo(units.reduce((sum, { estimate }) => sum + estimate.seconds, 0));
});
