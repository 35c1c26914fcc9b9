import { expect, test } from "vitest";
import { RateBound } from "../../server/rate-bound.ts";
import { ReviewTurns } from "../../server/review-turns.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { AccessReviews } from "./access-reviews.ts";
import type { KubeClient } from "./client.ts";
import type { ObjectRef } from "./kube-object.ts";

/** An API server that knows one token, and lets its owner see the namespace `media`. */
function reviewsWith({ fails = 0 } = {}) {
  const asked: { plural: string; spec: Record<string, unknown> }[] = [];
  let failures = fails;
  const create = async ({ plural }: { plural: string }, { spec }: { spec: Record<string, unknown> }) => {
    asked.push({ plural, spec });
    if (failures-- > 0) throw new Error("the API server is away");
    if (plural === "tokenreviews") {
      const authenticated = spec.token === "good";
      const user = { username: "ann", uid: "7", groups: ["editors"], extra: { scopes: ["media"] } };
      return { metadata: {}, spec, status: { authenticated, ...(authenticated && { user }) } };
    }
    const { namespace } = spec.resourceAttributes as { namespace: string };
    return { metadata: {}, spec, status: { allowed: namespace === "media" } };
  };
  const clock = new ManualClock();
  const client = { create } as unknown as Pick<KubeClient, "create">;
  const bound = () => new RateBound({ perSecond: 1, burst: 20, nowMs: () => clock.now() });
  const [strangers, forbidden, turns] = [bound(), bound(), new ReviewTurns()];
  const reviews = new AccessReviews({ client, clock, turns, forbidden });
  return {
    ...{ asked, clock },
    reviews: { mayGet: (token: string, ref: ObjectRef) => reviews.mayGet(token, ref, strangers.toll("a")) },
  };
}

test.each([
  { token: "good", namespace: "media", expected: "allowed" },
  { token: "good", namespace: "secret", expected: "forbidden" },
  { token: "forged", namespace: "media", expected: "unknown" },
])("$token in $namespace: $expected", async ({ token, namespace, expected }) => {
  const { reviews } = reviewsWith();
  expect(await reviews.mayGet(token, { namespace, name: "holiday" })).toBe(expected);
});

test("it asks for all that the API server said of the user, by name, in the namespace", async () => {
  const { reviews, asked } = reviewsWith();
  await reviews.mayGet("good", { namespace: "media", name: "holiday" });
  expect(asked[1]?.spec).toEqual({
    user: "ann",
    uid: "7",
    groups: ["editors"],
    extra: { scopes: ["media"] },
    resourceAttributes: {
      verb: "get",
      group: "mediajob.dev",
      resource: "mediajobs",
      namespace: "media",
      name: "holiday",
    },
  });
});

test("an answer is believed for 30 s, of that MediaJob only; a failure is not remembered", async () => {
  const { reviews, asked, clock } = reviewsWith({ fails: 1 });
  const ask = (name: string) => reviews.mayGet("good", { namespace: "media", name });
  await expect(ask("holiday")).rejects.toThrow("away");
  for (const name of ["holiday", "holiday", "other"]) await ask(name);
  expect(asked.map(({ plural }) => plural)).toEqual([
    ...["tokenreviews", "tokenreviews"], // the first failed
    ...["subjectaccessreviews", "subjectaccessreviews"],
  ]);
  clock.advance(30_000);
  await ask("holiday");
  expect(asked).toHaveLength(6);
});

test.each([
  { name: "a right that they do not have", token: () => "good", asks: [1, 20] },
  { name: "tokens that nobody vouches for", token: (index: number) => `forged-${index}`, asks: [20, 0] },
])("500 requests at once, of $name, cost the API server 20 questions", async ({ token, asks }) => {
  const { reviews, asked } = reviewsWith();
  const all = Array.from({ length: 500 }, (_, index) =>
    reviews.mayGet(token(index), { namespace: "secret", name: `holiday-${index}` }),
  );
  const answers = Map.groupBy(await Promise.all(all), (answer) => answer);
  expect(answers.get("notAsked")).toHaveLength(480);
  const questions = (plural: string) => asked.filter((each) => each.plural === plural).length;
  expect([questions("tokenreviews"), questions("subjectaccessreviews")]).toEqual(asks);
});
