import { describe, expect, test } from "vitest";
import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import { mediaJob, sources, thumb, web } from "../../../test/builders/core.ts";
import { OutputClaims } from "./output-claims.ts";

/** A MediaJob created at this minute. */
const job = (minute: number, spec: Record<string, unknown> = {}, phase?: "Succeeded") => {
  const plain = mediaJob(spec, phase && { phase });
  const creationTimestamp = `2026-01-01T12:0${minute}:00Z`;
  const name = `job-${minute}`;
  return { ...plain, metadata: { ...plain.metadata, name, uid: `uid-${minute}`, creationTimestamp } };
};

const to = (path: string, template?: string) => ({
  destination: { volume: { claimName: "media", path }, ...(template && { template }) },
});

const from = (path: string) => ({ name: "clip", volume: { claimName: "media", path } });

/** Whom the second of two MediaJobs waits for. */
function blocker(first: Record<string, unknown>, second: Record<string, unknown>): string | undefined {
  const claims = new OutputClaims();
  claims.set(job(2, second));
  claims.set(job(1, first));
  expect(claims.blockerOf("uid-1", atRest)).toBeUndefined();
  return claims.blockerOf("uid-2", atRest);
}

const atRest = () => false;
const atWork =
  (...uids: string[]) =>
  (uid: string) =>
    uids.includes(uid);

test.each([
  { name: "the same source and output at one place", first: {}, second: {}, expected: "media/job-1" },
  {
    name: "a slash at the end makes no other place",
    first: to("out"),
    second: to("out/"),
    expected: "media/job-1",
  },
  { name: "nor does a dot", first: to("out"), second: to("./out"), expected: "media/job-1" },
  {
    name: "nor a directory that the template names",
    first: to("out", "a/{source}/{output}.{ext}"),
    second: to("out/a"),
    expected: "media/job-1",
  },
  {
    name: "another source, which the template does not name",
    first: to("out", "poster-{output}.{ext}"),
    second: { ...to("out", "poster-{output}.{ext}"), sources: sources("other") },
    expected: "media/job-1",
  },
  {
    name: "another output, which the template does not name",
    first: to("out", "{source}.{ext}"),
    second: { ...to("out", "{source}.{ext}"), outputs: [web] },
    expected: "media/job-1",
  },
  {
    name: "another source at the same place, which alone the template names",
    first: { ...to("out", "{index}.{ext}"), sources: sources("a", "b") },
    second: { ...to("out", "{index}.{ext}"), sources: sources("c", "d") },
    expected: "media/job-1",
  },
  {
    name: "the same source at another place, where the template names both",
    first: { ...to("out", "{index}-{source}.{ext}"), sources: sources("a", "b") },
    second: { ...to("out", "{index}-{source}.{ext}"), sources: sources("b", "a") },
    expected: undefined,
  },
  {
    name: "another file, which the template names",
    first: { ...to("out", "{file}.{ext}"), sources: [from("A001.mov")] },
    second: { ...to("out", "{file}.{ext}"), sources: [from("A002.mov")] },
    expected: undefined,
  },
  {
    name: "a file that is called the same but for its case",
    first: { ...to("out", "{file}.{ext}"), sources: [from("A001.mov")] },
    second: { ...to("out", "{file}.{ext}"), sources: [from("day-2/a001.mxf")] },
    expected: "media/job-1",
  },
  {
    name: "another source, of whose files the template names the hash",
    first: to("out", "{hash}.{ext}"),
    second: { ...to("out", "{hash}.{ext}"), sources: sources("other") },
    expected: undefined,
  },
  { name: "another place", first: to("out"), second: to("elsewhere"), expected: undefined },
  { name: "another source", first: {}, second: { sources: sources("other") }, expected: undefined },
  { name: "another output", first: { outputs: [thumb] }, second: { outputs: [web] }, expected: undefined },
  {
    name: "one source of many in common",
    first: { sources: sources("a", "b") },
    second: { sources: sources("b", "c") },
    expected: "media/job-1",
  },
])("$name: the younger waits for $expected", ({ first, second, expected }) =>
  expect(blocker(first, second)).toBe(expected),
);

test("when the older is over, the younger waits no more", () => {
  const claims = new OutputClaims();
  claims.set(job(1));
  claims.set(job(2));
  expect(claims.rivalsOf("uid-1")).toEqual(["uid-2"]);
  claims.set(job(1, {}, "Succeeded"));
  expect(claims.blockerOf("uid-2", atRest)).toBeUndefined();
  claims.remove("uid-2");
  claims.set(job(3));
  expect(claims.blockerOf("uid-3", atRest)).toBeUndefined();
});

describe("one that is retried after its end", () => {
  const retried = (status: MediaJobStatus) => ({
    ...job(1, { retryGeneration: 1 }),
    status: { retryGeneration: 0, ...status },
  });

  test("waits for a younger one that came meanwhile, before any status tells of the retry", () => {
    const claims = new OutputClaims();
    claims.set(job(2));
    claims.set(retried({ phase: "Failed" }));
    expect(claims.blockerOf("uid-1", atRest)).toBe("media/job-2");
    expect(claims.blockerOf("uid-2", atRest)).toBeUndefined();
  });

  test("and after; but who comes later still waits for it", () => {
    const claims = new OutputClaims();
    const time = "2026-01-01T12:05:00Z";
    claims.set(job(2));
    claims.set(
      retried({ phase: "Queued", history: [{ time, from: "Failed", to: "Queued", reason: "Retried" }] }),
    );
    claims.set(job(6));
    expect(claims.blockerOf("uid-1", atRest)).toBe("media/job-2");
    claims.remove("uid-2");
    expect(claims.blockerOf("uid-6", atRest)).toBe("media/job-1");
  });
});

test("whoever is at work goes on, whoever is first", () => {
  const claims = new OutputClaims();
  claims.set(job(1));
  claims.set(job(2));
  expect(claims.blockerOf("uid-1", atWork("uid-2"))).toBe("media/job-2");
  expect(claims.blockerOf("uid-1", atWork("uid-1", "uid-2"))).toBeUndefined();
});

test("one that was deleted is waited for as long as its workers end", () => {
  const claims = new OutputClaims();
  claims.set(job(1));
  claims.set(job(2));
  claims.leave("uid-1");
  expect(claims.blockerOf("uid-2", atWork("uid-1"))).toBe("media/job-1");
  expect(claims.blockerOf("uid-2", atRest)).toBeUndefined();
});

test("one that is suspended lets later ones go on, but for what it has at work", () => {
  const claims = new OutputClaims();
  for (const each of [job(1), job(2)]) claims.set(each);
  claims.set(job(1, { suspend: true }));
  expect(claims.blockerOf("uid-2", atRest)).toBeUndefined();
  expect(claims.blockerOf("uid-2", atWork("uid-1"))).toBe("media/job-1");
  expect(claims.blockerOf("uid-1", atWork("uid-2"))).toBe("media/job-2");
  claims.set(job(1));
  expect(claims.blockerOf("uid-1", atWork("uid-2")), "and waits for them then").toBe("media/job-2");
  expect(claims.blockerOf("uid-2", atRest)).toBe("media/job-1");
});
