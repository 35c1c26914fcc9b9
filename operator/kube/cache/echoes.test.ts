import { expect, test } from "vitest";
import { JOBS, MEDIA_JOBS } from "../api/resources.ts";
import { Echoes } from "./echoes.ts";

const ref = { namespace: "media", name: "beach" };
const at = (resourceVersion: string) => ({ metadata: { ...ref, uid: "u", resourceVersion } });

test.each([
  {
    name: "what a watch says of the version that was written is no news",
    seen: ["7"],
    written: "7",
    news: 0,
  },
  { name: "another version is news, once the write is through", seen: ["6", "7"], written: "7", news: 1 },
  { name: "a later version is news, too", seen: ["7", "8"], written: "7", news: 1 },
  { name: "nothing seen is no news", seen: [], written: "7", news: 0 },
  { name: "of what is gone any version is news", seen: ["7"], written: null, news: 1 },
])("$name", async ({ seen, written, news }) => {
  const told: unknown[] = [];
  const echoes = new Echoes((...news) => told.push(news));
  await echoes.during(MEDIA_JOBS, ref, async () => {
    for (const version of seen) expect(echoes.holds(MEDIA_JOBS, at(version))).toBe(true);
    return written === null ? null : at(written);
  });
  expect(told).toEqual(Array(news).fill([ref, MEDIA_JOBS]));
});

test("a write that fails makes news of what was seen meanwhile: it may have been done", async () => {
  const told: unknown[] = [];
  const echoes = new Echoes((...news) => told.push(news));
  const write = echoes.during(JOBS, ref, async () => {
    echoes.holds(JOBS, at("7"));
    throw new Error("no answer");
  });
  await expect(write).rejects.toThrow("no answer");
  expect(told).toEqual([[ref, JOBS]]);
});

test("nothing is held of another object, of another kind, or before and after the write", async () => {
  const echoes = new Echoes(() => {});
  expect(echoes.holds(JOBS, at("1"))).toBe(false);
  await echoes.during(JOBS, ref, async () => {
    expect(echoes.holds(MEDIA_JOBS, at("1"))).toBe(false);
    expect(echoes.holds(JOBS, { metadata: { ...at("1").metadata, name: "forest" } })).toBe(false);
    return at("2");
  });
  expect(echoes.holds(JOBS, at("1"))).toBe(false);
});
