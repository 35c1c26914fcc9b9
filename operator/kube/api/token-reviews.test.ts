import { expect, test } from "vitest";
import { RateBound } from "../../server/rate-bound.ts";
import { ReviewTurns } from "../../server/review-turns.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import type { KubeClient } from "./client.ts";
import { TokenReviews } from "./token-reviews.ts";

/** The time of the manual clock's origin. */
const ORIGIN_SECONDS = Date.UTC(2026, 0, 1) / 1000;

/** A JWT as the API server issues: only its payload is read here. */
const tokenFor = (pod: string, claims: object = { exp: ORIGIN_SECONDS + 3600 }) =>
  ["header", Buffer.from(JSON.stringify({ ...claims, pod })).toString("base64url"), "signature"].join(".");

/** An API server that vouches for every token whose payload names a pod, unless told otherwise. */
function reviews({ audiences = ["mediajob"], fails = 0 } = {}) {
  const clock = new ManualClock();
  let asked = 0;
  const create = async (_: unknown, { spec }: { spec: { token: string } }) => {
    if (asked++ < fails) throw new Error("the API server is away");
    const [, payload = ""] = spec.token.split(".");
    const pod = payload && (JSON.parse(Buffer.from(payload, "base64url").toString()).pod as string);
    const user = {
      username: "system:serviceaccount:media:default",
      extra: {
        "authentication.kubernetes.io/pod-name": [pod],
        "authentication.kubernetes.io/pod-uid": [`uid-of-${pod}`],
      },
    };
    return { metadata: {}, spec, status: pod ? { authenticated: true, audiences, user } : {} };
  };
  const client = { create } as unknown as Pick<KubeClient, "create">;
  const reviews = new TokenReviews(client, clock, new ReviewTurns());
  const { take, giveBack } = new RateBound({ perSecond: 1, burst: 20, nowMs: () => clock.now() }).toll("a");
  return {
    ...{ clock, asked: () => asked },
    reviews: { authenticate: (token: string) => reviews.authenticate(token, { take, giveBack }) },
  };
}

test("a token is asked for once until it expires: whether its pod is there is known from elsewhere", async () => {
  const { clock, asked, reviews: known } = reviews();
  const token = tokenFor("a");
  const identity = { namespace: "media", podName: "a", podUid: "uid-of-a" };
  expect(await known.authenticate(token)).toEqual(identity);
  clock.advance(3_599_000);
  expect(await known.authenticate(token)).toEqual(identity);
  expect(asked()).toBe(1);
  clock.advance(1_000);
  await known.authenticate(token);
  expect(asked()).toBe(2);
});

test.each([
  { name: "no JWT", token: "opaque" },
  { name: "one that does not say when it expires", token: tokenFor("a", {}) },
  { name: "one that lives for a century", token: tokenFor("a", { exp: ORIGIN_SECONDS + 3.2e9 }) },
])("$name is asked for again after an hour at the latest", async ({ token }) => {
  const { clock, asked, reviews: known } = reviews();
  await known.authenticate(token);
  await known.authenticate(token);
  expect(asked()).toBe(1);
  clock.advance(3_600_000);
  await known.authenticate(token);
  expect(asked()).toBe(2);
});

test("a token for another audience is nobody's", async () => {
  const { reviews: known } = reviews({ audiences: ["https://kubernetes.default.svc"] });
  expect(await known.authenticate(tokenFor("a"))).toBeUndefined();
});

test("a refusal is believed for a minute, so that a stranger costs one question in it", async () => {
  const { clock, asked, reviews: known } = reviews();
  for (let count = 0; count < 100; count++) expect(await known.authenticate("forged")).toBeUndefined();
  expect(asked()).toBe(1);
  clock.advance(60_000);
  await known.authenticate("forged");
  expect(asked()).toBe(2);
});

test("that the API server is away is not remembered", async () => {
  const { reviews: known } = reviews({ fails: 1 });
  await expect(known.authenticate(tokenFor("a"))).rejects.toThrow("away");
  expect(await known.authenticate(tokenFor("a"))).toMatchObject({ podName: "a" });
});

test("of many tokens the oldest are forgotten", async () => {
  const { asked, reviews: known } = reviews();
  for (let index = 0; index <= 10_000; index++) await known.authenticate(tokenFor(`p${index}`));
  await known.authenticate(tokenFor("p10000"));
  expect(asked()).toBe(10_001);
  await known.authenticate(tokenFor("p0"));
  expect(asked()).toBe(10_002);
});

test("that nobody asked is not remembered", async () => {
  const { clock, reviews: known } = reviews();
  const strangers = Array.from({ length: 21 }, (_, index) => known.authenticate(`forged-${index}`));
  expect((await Promise.all(strangers)).at(-1)).toBe("notAsked");
  expect(await known.authenticate(tokenFor("a"))).toBe("notAsked");
  clock.advance(1_000);
  expect(await known.authenticate(tokenFor("a"))).toMatchObject({ podName: "a" });
});
