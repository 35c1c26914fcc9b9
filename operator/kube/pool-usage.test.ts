import { expect, test } from "vitest";
import { configuration } from "../core/configuration.ts";
import { PoolUsage } from "./pool-usage.ts";

const usage = () => {
  const two = configuration.parse({ pools: [{ name: "cpu", concurrency: 2 }] });
  return new PoolUsage(() => two);
};
const free = (of: PoolUsage) => of.free("media").get("cpu");

test("a place is taken once, whether it was reserved or seen first", () => {
  const places = usage();
  places.reserve("media/a-1", { pool: "cpu", mediaJob: "media/a" });
  places.take("media/a-1", { pool: "cpu" });
  places.reserve("media/a-1", { pool: "cpu", mediaJob: "media/a" });
  expect(free(places)).toBe(1);
});

test("places of Jobs that were never made are given back, those of Jobs that are there are not", () => {
  const places = usage();
  for (const job of ["media/a-1", "media/a-2"]) places.reserve(job, { pool: "cpu", mediaJob: "media/a" });
  expect(free(places)).toBe(0);
  expect(places.releaseUnseen("media/a", (job) => (job === "media/a-1" ? "Seen" : "Gone"))).toBe(true);
  expect(free(places)).toBe(1);
  expect(places.releaseUnseen("media/a", () => "Gone")).toBe(false);
});

test("the place of a Job of which only the pod is seen is kept until it is known", () => {
  const places = usage();
  places.reserve("media/a-1", { pool: "cpu", mediaJob: "media/a" });
  expect([places.releaseUnseen("media/a", () => "Maybe"), free(places)]).toEqual([false, 1]);
  expect([places.releaseUnseen("media/a", () => "Gone"), free(places)]).toEqual([true, 2]);
});

test("a place is given back once", () => {
  const places = usage();
  places.take("media/a-1", { pool: "cpu" });
  expect([places.release("media/a-1"), places.release("media/a-1")]).toEqual([true, false]);
  expect([free(places), places.running("cpu")]).toEqual([2, 0]);
});

test("a Job on a lost node holds no place, also when it is seen again, until one of its name is made anew", () => {
  const places = usage();
  places.take("media/a-1", { pool: "cpu" });
  places.lose("media/a-1");
  places.take("media/a-1", { pool: "cpu" });
  expect(free(places)).toBe(2);
  places.release("media/a-1");
  places.take("media/a-1", { pool: "cpu" });
  expect(free(places)).toBe(1);
});

test("a retry is counted at its gate for as long as it holds its place", () => {
  const places = usage();
  places.reserve("media/a-2", { pool: "cpu", gate: "storage/Low", mediaJob: "media/a" });
  places.take("media/a-2", { pool: "cpu", gate: "storage/Low" });
  expect([places.retrying("storage/Low"), places.gateOf("media/a-2")]).toEqual([1, "storage/Low"]);
  places.release("media/a-2");
  expect([places.retrying("storage/Low"), places.gateOf("media/a-2")]).toEqual([0, undefined]);
});

test("the load is the share of places that are taken, of the pools or of the operator", () => {
  const places = usage();
  places.take("media/a-1", { pool: "cpu" });
  expect(places.load()).toBe(0.5);
});
