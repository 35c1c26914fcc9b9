import { beforeEach, expect, test } from "vitest";
import { mediaJob } from "../../../test/builders/core.ts";
import type { StoredMediaJob } from "../api/resources.ts";
import { JobFeed } from "./job-feed.ts";
import { Store } from "./store.ts";

let version = 0;
const stored = (name: string, phase: "Queued" | "Running" = "Queued"): StoredMediaJob => {
  const job = mediaJob({}, { phase });
  const metadata = { ...job.metadata, name, uid: `uid-of-${name}`, resourceVersion: String(++version) };
  return { ...job, metadata } as StoredMediaJob;
};

let store: Store<StoredMediaJob, "uid">;
let feed: JobFeed;
let heard: string[];
const listenTo = (name: string, as = name) =>
  feed.listen(
    { namespace: "media", name },
    (job) => void heard.push(`${as} ${job?.status?.phase ?? "gone"}`),
  );

beforeEach(() => {
  store = new Store<StoredMediaJob, "uid">({
    indices: { uid: ({ metadata }) => [metadata.uid] },
    onHandlerError: (error) => {
      throw error;
    },
  });
  feed = new JobFeed(store);
  heard = [];
});

test("a listener hears of its MediaJob alone, until it was deleted", () => {
  listenTo("a");
  const first = stored("a");
  for (const job of [first, stored("b"), stored("a", "Running")]) store.observe(job);
  store.observeGone(first);
  expect(heard).toEqual(["a Queued", "a Running", "a gone"]);
});

test("each of several listeners hears everything, and the one that leaves nothing more", () => {
  const leave = listenTo("a", "first");
  listenTo("a", "second");
  store.observe(stored("a"));
  leave();
  leave(); // as when a socket is closed by both ends
  store.observe(stored("a", "Running"));
  expect(heard).toEqual(["first Queued", "second Queued", "second Running"]);
});

test("one that leaves while it is told keeps nobody from hearing", () => {
  const ends: (() => void)[] = [];
  ends.push(feed.listen({ namespace: "media", name: "a" }, () => ends[0]?.()));
  listenTo("a");
  store.observe(stored("a"));
  expect(heard).toEqual(["a Queued"]);
});

test("who comes after the last has left is heard, too", () => {
  listenTo("a", "first")();
  listenTo("a", "second");
  store.observe(stored("a"));
  expect(heard).toEqual(["second Queued"]);
});

test("the state of now is that of the cache", () => {
  expect(feed.get({ namespace: "media", name: "a" })).toBeNull();
  store.observe(stored("a", "Running"));
  expect(feed.get({ namespace: "media", name: "a" })?.status?.phase).toBe("Running");
});
