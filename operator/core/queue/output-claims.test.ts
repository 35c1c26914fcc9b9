import { expect, test } from "vitest";
import { mediaJob, sources, thumb, web } from "../../../test/builders/core.ts";
import { OutputClaims } from "./output-claims.ts";

/** A MediaJob created at this minute. */
const job = (minute: number, spec: Record<string, unknown> = {}, phase?: "Succeeded") => {
  const plain = mediaJob(spec, phase && { phase });
  const creationTimestamp = `2026-01-01T12:0${minute}:00Z`;
  return { ...plain, metadata: { ...plain.metadata, uid: `uid-${minute}`, creationTimestamp } };
};

const to = (path: string) => ({ destination: { volume: { claimName: "media", path } } });

/** Whom the second of two MediaJobs waits for. */
function blocker(first: Record<string, unknown>, second: Record<string, unknown>): string | undefined {
  const claims = new OutputClaims();
  claims.set("second", job(2, second));
  claims.set("first", job(1, first));
  expect(claims.blockerOf("first")).toBeUndefined();
  return claims.blockerOf("second");
}

test.each([
  { name: "the same source and output at one place", first: {}, second: {}, expected: "first" },
  {
    name: "a slash at the end makes no other place",
    first: to("out"),
    second: to("out/"),
    expected: "first",
  },
  { name: "another place", first: to("out"), second: to("elsewhere"), expected: undefined },
  { name: "another source", first: {}, second: { sources: sources("other") }, expected: undefined },
  { name: "another output", first: { outputs: [thumb] }, second: { outputs: [web] }, expected: undefined },
  {
    name: "one source of many in common",
    first: { sources: sources("a", "b") },
    second: { sources: sources("b", "c") },
    expected: "first",
  },
])("$name: the younger waits for $expected", ({ first, second, expected }) =>
  expect(blocker(first, second)).toBe(expected),
);

test("when the older is over, the younger waits no more", () => {
  const claims = new OutputClaims();
  claims.set("first", job(1));
  claims.set("second", job(2));
  expect(claims.waitingFor("first")).toEqual(["second"]);
  claims.set("first", job(1, {}, "Succeeded"));
  expect(claims.blockerOf("second")).toBeUndefined();
  claims.remove("second");
  claims.set("third", job(3));
  expect(claims.blockerOf("third")).toBeUndefined();
});
