import { LEASES } from "../../../operator/kube/api/resources.ts";
import type { Checker } from "./checker.ts";

/** A busy operator of a handful of MediaJobs asks far less; one that turns in circles asks more in a moment. */
const WINDOW_MS = 10_000;
const MOST_REQUESTS = 400;
const MOST_PASSES = 600;

const LEASE = { namespace: "mediajob", name: "mediajob-operator" };

/**
 * Only who holds the Lease writes; nobody turns in circles; and nothing goes wrong that no fault explains.
 */
export const writes: Checker = (world, fail) => {
  const { server, time } = world;

  world.on("written", ({ plural, object, by }) => {
    if (!by.startsWith("operator-") || plural === LEASES.plural) return;
    const holder = server.get(LEASES, LEASE)?.spec?.holderIdentity;
    if (holder && holder !== by)
      fail("only the leader writes", `${by} writes ${plural} ${object.metadata.name}, ${holder} leads`);
  });

  const bounded = (what: string, most: number) => {
    let windowMs = 0;
    let count = 0;
    return (detail: string) => {
      if (time.nowMs - windowMs > WINDOW_MS) [windowMs, count] = [time.nowMs, 0];
      if (++count > most)
        fail(
          "nobody turns in circles",
          `more than ${most} ${what} within ${WINDOW_MS / 1000} s; the last: ${detail}`,
        );
    };
  };
  const request = bounded("requests", MOST_REQUESTS);
  const pass = bounded("passes", MOST_PASSES);
  world.on("request", ({ by, verb, plural, name }) => request(`${verb} ${plural} ${name} by ${by}`));
  world.on("pass", ({ by, failed }) => pass(`${failed ? "a failed one" : "one"} by ${by}`));

  world.on("defect", (error) =>
    fail(
      "nothing goes wrong that no fault explains",
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    ),
  );
};
