import { expect, test } from "vitest";
import { configuration } from "../core/configuration.ts";
import { PoolUsage } from "./pool-usage.ts";

const usage = () => {
  const two = configuration.parse({ pools: [{ name: "cpu", concurrency: 2 }] });
  return new PoolUsage(() => two);
};
const job = (name: string, owner = "uid-a") => ({ namespace: "media", name, owner });
const free = (of: PoolUsage) => of.free("media").get("cpu");

test("a place is taken once, whether it was reserved or seen first", () => {
  const places = usage();
  places.reserve(job("a-1"), { pool: "cpu", mediaJob: "media/a" });
  places.take(job("a-1"), { pool: "cpu" });
  places.reserve(job("a-1"), { pool: "cpu", mediaJob: "media/a" });
  expect(free(places)).toBe(1);
});

test("a namespace takes no more places than its cap, whatever room there is; another one has its own", () => {
  const capped = configuration.parse({
    concurrencyPerNamespace: 2,
    pools: [{ name: "cpu" }, { name: "gpu" }],
  });
  const places = new PoolUsage(() => capped);
  const of = (namespace: string) => [...places.free(namespace).values()];
  const left = () => ({ media: of("media"), other: of("other") });
  places.take(job("a-1"), { pool: "cpu" });
  places.take(job("a-2"), { pool: "gpu" });
  expect(left()).toEqual({ media: [0, 0], other: [2, 2] });
  expect(places.runningIn("media")).toBe(Number.POSITIVE_INFINITY);
  places.release(job("a-2"));
  expect(left()).toEqual({ media: [1, 1], other: [2, 2] });
  expect(places.runningIn("media")).toBe(1);
});

test("places of Jobs that were never made are given back, those of Jobs that are there are not", () => {
  const places = usage();
  for (const name of ["a-1", "a-2"]) places.reserve(job(name), { pool: "cpu", mediaJob: "media/a" });
  expect(free(places)).toBe(0);
  expect(places.releaseUnseen("media/a", ({ name }) => (name === "a-1" ? "Seen" : "Gone"))).toBe(true);
  expect(free(places)).toBe(1);
  expect(places.releaseUnseen("media/a", () => "Gone")).toBe(false);
});

test("a MediaJob is awaited until it is known what its creates came to", () => {
  const places = usage();
  places.reserve(job("a-1"), { pool: "cpu", mediaJob: "media/a" });
  expect(places.awaiting).toEqual(["media/a"]);
  places.releaseUnseen("media/a", () => "Gone");
  expect(places.awaiting).toEqual([]);
});

test("the place of a Job of which only the pod is seen is kept until it is known", () => {
  const places = usage();
  places.reserve(job("a-1"), { pool: "cpu", mediaJob: "media/a" });
  expect([places.releaseUnseen("media/a", () => "Maybe"), free(places)]).toEqual([false, 1]);
  expect([places.releaseUnseen("media/a", () => "Gone"), free(places)]).toEqual([true, 2]);
});

test("a place is given back once", () => {
  const places = usage();
  places.take(job("a-1"), { pool: "cpu" });
  expect([places.release(job("a-1")), places.release(job("a-1"))]).toEqual([true, false]);
  expect([free(places), places.running("cpu")]).toEqual([2, 0]);
});

test("a Job on a lost node holds no place, also when it is seen again, until one of its name is made anew", () => {
  const places = usage();
  places.take(job("a-1"), { pool: "cpu" });
  places.lose(job("a-1"));
  places.take(job("a-1"), { pool: "cpu" });
  expect(free(places)).toBe(2);
  places.release(job("a-1"));
  places.take(job("a-1"), { pool: "cpu" });
  expect(free(places)).toBe(1);
});

test("a Job on a node that answers again can take a place, which its unit's next attempt may have by then", () => {
  const places = usage();
  places.take(job("a-1"), { pool: "cpu" });
  places.lose(job("a-1"));
  places.take(job("a-2"), { pool: "cpu" });
  places.take(job("b-1"), { pool: "cpu" });
  places.restore(job("a-1"));
  places.take(job("a-1"), { pool: "cpu" });
  expect([places.running("cpu"), free(places)]).toEqual([3, 0]);
  places.release(job("a-1"));
  expect([places.running("cpu"), free(places)]).toEqual([2, 0]);
});

test("a Job of a MediaJob that was made anew keeps its place when that of the former one is told to be gone", () => {
  const places = usage();
  places.take(job("a-1", "uid-former"), { pool: "cpu" });
  places.release(job("a-1", "uid-former"));
  places.reserve(job("a-1"), { pool: "cpu", mediaJob: "media/a" });
  expect([places.release(job("a-1", "uid-former")), free(places)]).toEqual([false, 1]);
});

test("a retry is counted at its gate for as long as it holds its place", () => {
  const places = usage();
  places.reserve(job("a-2"), { pool: "cpu", gate: "storage/Low", mediaJob: "media/a" });
  places.take(job("a-2"), { pool: "cpu", gate: "storage/Low" });
  expect([places.retrying("storage/Low"), places.gateOf(job("a-2"))]).toEqual([1, "storage/Low"]);
  places.release(job("a-2"));
  expect([places.retrying("storage/Low"), places.gateOf(job("a-2"))]).toEqual([0, undefined]);
});

test("the load is the share of places that are taken, of the pools or of the operator", () => {
  const places = usage();
  places.take(job("a-1"), { pool: "cpu" });
  expect(places.load()).toBe(0.5);
});
