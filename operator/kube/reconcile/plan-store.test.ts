import { describe, expect, test } from "vitest";
import { film, mediaJob, sources, web } from "../../../test/builders/core.ts";
import { configuration, defaultConfiguration } from "../../core/configuration.ts";
import type { Growth, Plan } from "../../core/plan/plan.ts";
import { ApiError } from "../api/api-error.ts";
import type { KubeClient } from "../api/client.ts";
import type { ConfigMap, StoredMediaJob } from "../api/resources.ts";
import { PlanStore } from "./plan-store.ts";

/** An API server that holds ConfigMaps only, and counts what it is asked. */
function server() {
  const held = new Map<string, ConfigMap>();
  const asked: string[] = [];
  const client = {
    create: async (_: unknown, object: ConfigMap) => {
      asked.push("create");
      if (held.has(object.metadata.name))
        throw new ApiError("exists", { code: 409, reason: "AlreadyExists" });
      held.set(object.metadata.name, object);
      return object;
    },
    get: async (_: unknown, { name }: { name: string }) => {
      asked.push("get");
      return held.get(name) ?? null;
    },
  } as unknown as Pick<KubeClient, "create" | "get">;
  return { client, asked, held };
}

const limits = { timeoutMs: 1000 };
const several = { sources: sources("a", "b"), outputs: [web] };
const stored = (spec: Record<string, unknown>, phase?: "Running") =>
  mediaJob(spec, phase && { phase }) as StoredMediaJob;
const otherPools = configuration.parse({ pools: [{ name: "default", costWeight: 9 }, { name: "cheap" }] });
const elsewhere = configuration.parse({ pools: [{ name: "elsewhere" }] });

test("a plan of several units is kept, immutable and owned, and counts whatever the pools are later", async () => {
  const { client, held } = server();
  const made = await new PlanStore(client).of(stored(several), {
    configuration: defaultConfiguration(),
    limits,
  });
  const [kept] = held.values();
  expect(kept).toMatchObject({
    immutable: true,
    metadata: { ownerReferences: [{ kind: "MediaJob", name: "holiday" }] },
  });
  const read = await new PlanStore(client).of(stored(several, "Running"), {
    configuration: otherPools,
    limits,
  });
  expect(read).toEqual(made);
});

test("a plan asks for what was measured of such work before", async () => {
  const configuration = defaultConfiguration();
  const planned = async (plans: PlanStore) =>
    (await plans.of(stored({}), { configuration, limits })).units[0];
  const { client } = server();
  const measured = { seconds: 0.5, memory: 0.4, samples: 9 };
  const before = await planned(new PlanStore(client));
  const after = await planned(new PlanStore(client, () => ({ "image/webp": measured })));
  expect(after?.tableEstimate).toEqual(before?.tableEstimate);
  expect(after?.estimate.memoryBytes).toBeLessThan(before?.estimate.memoryBytes ?? 0);
  expect(after?.estimate.seconds).toBeLessThan(before?.estimate.seconds ?? 0);
});

test("units whose pool is gone from the configuration are placed anew, and nothing else of the plan changes", async () => {
  const { client } = server();
  const plans = new PlanStore(client);
  const poolsOf = ({ units }: Plan) => units.map(({ placement }) => "pool" in placement && placement.pool);
  const made = await plans.of(stored(several), { configuration: defaultConfiguration(), limits });
  expect(new Set(poolsOf(made))).toEqual(new Set(["default"]));
  const moved = await plans.of(stored(several, "Running"), { configuration: elsewhere, limits });
  expect(new Set(poolsOf(moved))).toEqual(new Set(["elsewhere"]));
  const bare = ({ units }: Plan) => units.map(({ placement: _, ...rest }) => rest);
  expect(bare(moved)).toEqual(bare(made));
});

test("a plan of one unit needs no object", async () => {
  const { client, asked } = server();
  await new PlanStore(client).of(stored({}), { configuration: defaultConfiguration(), limits });
  expect(asked).toEqual([]);
});

test("a plan is asked for once", async () => {
  const { client, asked } = server();
  const plans = new PlanStore(client);
  for (let pass = 0; pass < 3; pass++)
    await plans.of(stored(several), { configuration: defaultConfiguration(), limits });
  expect(asked).toEqual(["create"]);
});

test("a plan that a former self has stored, and told nobody of, is found", async () => {
  const { client } = server();
  const made = await new PlanStore(client).of(stored(several), {
    configuration: defaultConfiguration(),
    limits,
  });
  expect(await new PlanStore(client).of(stored(several), { configuration: otherPools, limits })).toEqual(
    made,
  );
});

test("a plan that somebody has deleted is made again", async () => {
  const { client, held } = server();
  await new PlanStore(client).of(stored(several, "Running"), {
    configuration: defaultConfiguration(),
    limits,
  });
  expect(held.size).toBe(1);
});

describe("a plan that follows from what the sources are", () => {
  const films = { sources: sources("a", "b"), outputs: [film] };
  const facts = (seconds: number): Growth => ({
    why: "SourcesKnown",
    facts: new Map([[0, { durationSeconds: seconds }]]),
  });
  const configuration = defaultConfiguration();

  test("is kept in two objects, and the first that was made of facts counts", async () => {
    const { client, held } = server();
    const [one, other] = [new PlanStore(client), new PlanStore(client)];
    const first = await one.of(stored(films), { configuration, limits });
    expect(first.awaitsFacts).toBe(true);
    const whole = await one.grow(stored(films), first, { growth: facts(300), configuration, limits });
    expect(whole.units.map(({ name }) => name)).toContain("join-0");
    expect(held.size).toBe(2);

    const again = await other.of(stored(films, "Running"), { configuration, limits });
    expect(again).toEqual(first);
    expect(await other.grow(stored(films), again, { growth: facts(1), configuration, limits })).toEqual(
      whole,
    );
    expect(await other.of(stored(films, "Running"), { configuration, limits })).toEqual(whole);
  });

  test("is read where another operator let it grow, as the status tells", async () => {
    const { client } = server();
    const [one, other] = [new PlanStore(client), new PlanStore(client)];
    const first = await other.of(stored(films), { configuration, limits });
    const whole = await one.grow(stored(films), first, { growth: facts(300), configuration, limits });
    const units = {
      total: whole.units.length,
      pending: 0,
      running: 0,
      succeeded: 0,
      failed: 0,
      cancelled: 0,
    };
    const job = { ...stored(films), status: { units: { ...units, ledger: "", done: "" } } };
    expect(await other.of(job, { configuration, limits })).toEqual(whole);
    expect(
      await new PlanStore(client).of(
        { ...job, status: { ...job.status, phase: "Running" } },
        { configuration, limits },
      ),
    ).toEqual(whole);
  });

  test("of one unit needs an object only once that unit left its source to parts", async () => {
    const { client, held } = server();
    const [one, other] = [new PlanStore(client), new PlanStore(client)];
    const single = { sources: sources("a"), outputs: [film] };
    const first = await one.of(stored(single), { configuration, limits });
    expect(held.size).toBe(0);
    const whole = await one.grow(stored(single), first, { growth: facts(300), configuration, limits });
    expect([...held.keys()].map((name) => name.slice(-2))).toEqual(["-2"]);
    const counts = {
      total: whole.units.length,
      pending: 0,
      running: 0,
      succeeded: 1,
      failed: 0,
      cancelled: 0,
    };
    const job = stored(single, "Running");
    const seen = { ...job, status: { ...job.status, units: { ...counts, ledger: "", done: "" } } };
    expect(await other.of(seen, { configuration, limits })).toEqual(whole);
  });

  describe("and is kept, though", () => {
    const single = { sources: sources("a"), outputs: [film] };

    test("the operator got no answer, is found by the next pass, which may know the facts no more", async () => {
      const { client, held } = server();
      const plans = new PlanStore(client);
      const first = await plans.of(stored(single), { configuration, limits });
      const create = client.create;
      client.create = async (...asked) => {
        await create(...asked);
        throw new Error("connection reset");
      };
      const growing = plans.grow(stored(single), first, { growth: facts(300), configuration, limits });
      await expect(growing).rejects.toThrow("connection reset");
      expect(held.size).toBe(1);
      const whole = await plans.of(stored(single), { configuration, limits });
      expect(whole.units.map(({ name }) => name)).toContain("join-0");
    });

    test.each([
      { name: "another replica let it grow between two terms", again: (old: PlanStore) => old },
      { name: "the operator died", again: (_: PlanStore, next: PlanStore) => next },
    ])("$name before a status told of it, is found", async ({ again }) => {
      const { client } = server();
      const [one, other, next] = [new PlanStore(client), new PlanStore(client), new PlanStore(client)];
      const first = await one.of(stored(single), { configuration, limits });
      await other.of(stored(single), { configuration, limits });
      const whole = await other.grow(stored(single), first, { growth: facts(300), configuration, limits });
      one.doubtAll();
      expect(await again(one, next).of(stored(single, "Running"), { configuration, limits })).toEqual(whole);
    });

    test("the operator died before it wrote any status, is found by the Jobs that are there", async () => {
      const { client, asked } = server();
      const [one, next, unbegun] = [new PlanStore(client), new PlanStore(client), new PlanStore(client)];
      const first = await one.of(stored(single), { configuration, limits });
      const whole = await one.grow(stored(single), first, { growth: facts(300), configuration, limits });
      expect(await next.of(stored(single), { configuration, limits, begun: true })).toEqual(whole);
      asked.length = 0;
      await unbegun.of(stored(single), { configuration, limits });
      expect(asked).toEqual([]); // what is new costs no request
    });
  });
});
