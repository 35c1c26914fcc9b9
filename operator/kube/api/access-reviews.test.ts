import { expect, test } from "vitest";
import { ManualClock } from "../testing/manual-clock.ts";
import { AccessReviews } from "./access-reviews.ts";
import type { KubeClient } from "./client.ts";

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
  return {
    asked,
    clock,
    reviews: new AccessReviews({ create } as unknown as Pick<KubeClient, "create">, clock),
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
  expect(asked).toHaveLength(1 + 2 + 2);
  clock.advance(30_000);
  await ask("holiday");
  expect(asked).toHaveLength(7);
});
