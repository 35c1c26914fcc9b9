import { expect, test } from "vitest";
import type { FailureClass, FailureReason } from "../../../crds/failures.ts";
import { mediaJob, NOW_MS } from "../../../test/builders/core.ts";
import { BREAKER_RULES, Breakers } from "./breaker.ts";

const job = (uid: string, claimName = "media") => {
  const plain = mediaJob({
    destination: { volume: { claimName } },
    sources: [{ name: "a", volume: { claimName, path: "a" } }],
  });
  return { ...plain, metadata: { ...plain.metadata, uid } };
};
let attempts = 0;
/** Another attempt that failed, at each call. */
const failure = (failureClass: FailureClass, reason: FailureReason) =>
  ({ unit: "image-0", attempt: ++attempts, class: failureClass, reason, message: "EIO" }) as const;
const storage = () => failure("storage", "StorageError");
const openMs = BREAKER_RULES.storage?.openMs ?? Number.NaN;

/** Breakers after storage failed for these MediaJobs, one a second. */
function after(...uids: string[]): Breakers {
  const breakers = new Breakers();
  for (const [second, uid] of uids.entries()) breakers.failed(job(uid), storage(), NOW_MS + second * 1000);
  return breakers;
}

const end = NOW_MS + 2_000;

test("failures of several MediaJobs on one volume pause it for all that use it", () => {
  const breakers = after("a", "b", "a");
  expect(breakers.pauseOf(job("c"), end)).toMatchObject({
    ...{ starts: 0, untilMs: end + openMs },
    message:
      "3 attempts failed lately (storage of claim media/media), the last with: EIO; starting is paused and tried again bit by bit",
  });
  expect(breakers.pauseOf(job("c", "other"), end)).toBeUndefined();
  expect(breakers.open(end)).toEqual(["storage of claim media/media"]);
});

test.each([
  { name: "too few failures pause nothing", uids: ["a", "b"] },
  { name: "one MediaJob alone pauses nothing, however often it fails", uids: ["a", "a", "a", "a"] },
])("$name", ({ uids }) => expect(after(...uids).pauseOf(job("c"), end)).toBeUndefined());

test("a failure that is noted again, since no status tells of it yet, counts once", () => {
  const breakers = after("a");
  const other = storage();
  for (const atMs of [end, end + 1, end + 2]) breakers.failed(job("b"), other, atMs);
  expect(breakers.open(end)).toEqual([]);
});

test("failures that lie too far apart pause nothing", () => {
  const breakers = new Breakers();
  for (const [index, uid] of ["a", "b", "c"].entries())
    breakers.failed(job(uid), storage(), NOW_MS + index * 20_000);
  expect(breakers.pauseOf(job("d"), NOW_MS + 40_000)).toBeUndefined();
});

test("broken input is nobody's outage", () => {
  const breakers = new Breakers();
  for (const uid of ["a", "b", "c", "d"])
    breakers.failed(job(uid), failure("input", "SourceCorrupt"), NOW_MS);
  expect(breakers.pauseOf(job("e"), NOW_MS)).toBeUndefined();
});

test.each([
  { reason: "DeadlineExceeded" as const, name: "ran longer than its MediaJob allows", open: 0 },
  { reason: "PodNotStarted" as const, name: "could not start", open: 1 },
])("attempts of several MediaJobs of which each $name open so many circuits: $open", ({ reason, open }) => {
  const breakers = new Breakers();
  for (const uid of ["a", "b", "a", "b", "a", "b"])
    breakers.failed(job(uid), failure("deadline", reason), NOW_MS);
  expect(breakers.open(NOW_MS)).toHaveLength(open);
});

test.each([
  { name: "a unit that only read does not show that a disk has room", wrote: false, open: 1 },
  { name: "one that wrote does", wrote: true, open: 0 },
])("$name", ({ wrote, open }) => {
  const breakers = new Breakers();
  for (const uid of ["a", "b", "c"]) breakers.failed(job(uid), failure("disk", "DiskFull"), NOW_MS);
  breakers.succeeded(job("d"), { wrote });
  expect(breakers.open(NOW_MS)).toHaveLength(open);
});

test("after the pause one attempt probes; others wait for it", () => {
  const breakers = after("a", "b", "c");
  const later = end + openMs;
  expect(breakers.pauseOf(job("d"), later)).toMatchObject({ starts: 1 });
  breakers.probing(job("d"), later);
  expect(breakers.pauseOf(job("e"), later)).toMatchObject({ starts: 0 });
});

test("a probe that fails pauses again, one that succeeds opens the way", () => {
  const failing = after("a", "b", "c");
  failing.probing(job("d"), end + openMs);
  failing.failed(job("d"), storage(), end + openMs + 1);
  expect(failing.pauseOf(job("e"), end + openMs + 2)).toMatchObject({
    starts: 0,
    untilMs: end + 2 * openMs + 1,
  });
  failing.succeeded(job("d"), { wrote: false });
  expect(failing.pauseOf(job("e"), end + openMs + 2)).toBeUndefined();
});

const UNASKED_MS = 1_800_000;

test("a circuit that nobody asks for is forgotten half an hour after it could be probed: who failed is gone", () => {
  const breakers = after("a", "b", "c");
  expect(breakers.open(end + openMs + UNASKED_MS - 1)).toHaveLength(1);
  expect(breakers.open(end + openMs + UNASKED_MS)).toEqual([]);
});

test("a circuit that is asked for is kept, until half an hour after the last time", () => {
  const breakers = after("a", "b", "c");
  const asked = end + openMs + UNASKED_MS - 1;
  expect(breakers.pauseOf(job("d"), asked)).toBeDefined();
  expect(breakers.pauseOf(job("d"), asked + UNASKED_MS - 1)).toBeDefined();
  expect(breakers.pauseOf(job("e"), asked + 2 * UNASKED_MS)).toBeUndefined();
  expect(breakers.open(asked + 2 * UNASKED_MS)).toEqual([]);
});
