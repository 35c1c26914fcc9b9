import { expect, test } from "vitest";
import { film, mediaJob, sources } from "../../test/builders/core.ts";
import { configuration } from "./configuration.ts";
import { plan } from "./plan/plan.ts";
import { unitOf } from "./unit-of.ts";

const NAMES = Array.from({ length: 12 }, (_, index) => `photo-${index}`);

function tokensOf(template: string, { attempt = 1 } = {}) {
  const plain = mediaJob({
    sources: sources(...NAMES),
    destination: { volume: { claimName: "media" }, template },
  });
  const job = { ...plain, metadata: { ...plain.metadata, creationTimestamp: "2026-01-31T23:59:30Z" } };
  const [planned] = plan(job.spec, configuration.parse({ pools: [{ name: "cpu" }] }).pools).units;
  if (!planned) throw new Error("the job has no unit");
  const placed = {
    pool: "cpu",
    cpu: 1,
    memoryBytes: 1e9,
    memoryLimitBytes: 1e9,
    scratchBytes: 1e9,
    gpu: false,
  };
  return unitOf({ job, planned: { ...planned, sources: [2, 11] }, attempt, placed }).tokens;
}

test("a unit is told of the hardware encoders it was placed for", () => {
  const job = mediaJob({ outputs: [film] });
  const pools = [{ name: "gpu", gpuResource: "nvidia.com/gpu", encoder: "nvenc" }];
  const [planned] = plan(job.spec, configuration.parse({ pools }).pools).units;
  if (!planned || "refused" in planned.placement) throw new Error("the unit is not placed");
  const placed = planned.placement;
  expect(unitOf({ job, planned, attempt: 1, placed }).limits.encoder).toBe("nvenc");
  const { encoder: _, ...withoutGpu } = placed;
  expect(unitOf({ job, planned, attempt: 2, placed: withoutGpu }).limits.encoder).toBeUndefined();
});

test("a unit is told where the sources are that its output names, and of no others", () => {
  const job = mediaJob({
    sources: sources("intro", "talk", "credits", "spare"),
    outputs: [{ name: "all", sources: ["intro"], video: { appendSources: ["talk", "credits"] } }],
  });
  const [planned] = plan(job.spec, configuration.parse({ pools: [{ name: "cpu" }] }).pools).units;
  if (!planned || "refused" in planned.placement) throw new Error("the unit is not placed");
  const unit = unitOf({ job, planned, attempt: 1, placed: planned.placement });
  expect(unit.sources.map(({ name }) => name)).toEqual(["intro"]);
  expect(unit.companions?.map(({ name }) => name)).toEqual(["talk", "credits"]);
});

test("a unit knows the place of each of its sources in the spec, not in the unit", () => {
  expect(tokensOf("{index}.{ext}")).toEqual({ index: { "photo-2": "03", "photo-11": "12" } });
});

test("the date is that of the MediaJob, so that another attempt gives the same names", () => {
  expect(tokensOf("{date}/{source}.{ext}")).toEqual({ date: "2026-01-31" });
  expect(tokensOf("{date}/{source}.{ext}", { attempt: 4 })).toEqual({ date: "2026-01-31" });
});

test("a unit carries neither where the template does not ask", () => {
  expect(tokensOf("{source}.{ext}")).toBeUndefined();
});

test("what looks at sources stands still for less long than what works on them", () => {
  const { pools } = configuration.parse({ pools: [{ name: "cpu" }] });
  const stallSeconds = (...names: string[]) => {
    const job = mediaJob({ sources: sources(...names), outputs: [film] });
    const [planned] = plan(job.spec, pools).units;
    if (!planned || "refused" in planned.placement) throw new Error("the unit is not placed");
    return unitOf({ job, planned, attempt: 1, placed: planned.placement }).limits.stallSeconds;
  };
  expect([stallSeconds("a"), stallSeconds("a", "b")]).toEqual([300, 120]);
});
