import { afterEach, describe, expect, test } from "vitest";
import { ApiError } from "./api/api-error.ts";
import type { Lease } from "./api/resources.ts";
import { LeaderElector, type LeaderOptions } from "./leader.ts";
import { ManualClock } from "./testing/manual-clock.ts";

/**
 * A Lease as the API server keeps it, versions and conflicts included, with the faults that the real one does not
 * show on demand. test/integration holds the same elector to the real one.
 */
class LeaseServer {
  lease: Lease | null = null;
  /** What happens to each request of a replica. */
  readonly faults = new Map<string, "unreachable" | "answerLost">();
  requests: string[] = [];
  /** Runs while a request is under way. */
  underway = () => {};

  clientOf(replica: string): LeaderOptions["client"] {
    const call = async <T>(verb: string, act: () => T): Promise<T> => {
      this.requests.push(`${replica} ${verb}`);
      const fault = this.faults.get(replica);
      const lost = new ApiError("no answer", { reason: "ConnectionFailed" });
      this.underway();
      if (fault === "unreachable") throw lost;
      const answer = structuredClone(act());
      if (fault === "answerLost") throw lost;
      return answer;
    };
    const client = {
      get: () => call("get", () => this.lease),
      create: (_: unknown, draft: object) => call("create", () => this.#create(draft)),
      mergePatch: (_: unknown, __: unknown, patch: object) => call("patch", () => this.patch(patch)),
    };
    return client as unknown as LeaderOptions["client"];
  }

  #create(draft: object): Lease {
    if (this.lease) throw new ApiError("exists", { code: 409, reason: "AlreadyExists" });
    const { metadata, spec } = draft as Lease;
    this.lease = { metadata: { ...metadata, uid: "u", resourceVersion: "1" }, ...(spec && { spec }) };
    return this.lease;
  }

  patch(patch: object): Lease {
    const { metadata, spec } = patch as Partial<Lease>;
    const current = this.lease;
    if (!current) throw new ApiError("no such lease", { code: 404, reason: "NotFound" });
    const { resourceVersion } = current.metadata;
    if (metadata?.resourceVersion && metadata.resourceVersion !== resourceVersion) {
      throw new ApiError("another write came first", { code: 409, reason: "Conflict" });
    }
    this.lease = {
      metadata: { ...current.metadata, resourceVersion: String(Number(resourceVersion) + 1) },
      spec: { ...current.spec, ...spec },
    };
    return this.lease;
  }
}

const shutdowns: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const shutdown of shutdowns.splice(0)) await shutdown();
});

describe("taking the Lease", () => {
  test("the first replica leads, the second knows who does", async () => {
    const { server, replica, pass } = setUp();
    const a = replica("a");
    await pass(0);
    const b = replica("b");
    await pass(60_000);
    expect([a.elector.isLeader, b.elector.isLeader]).toEqual([true, false]);
    expect([a.elector.leader, b.elector.leader]).toEqual(["a", "a"]);
    expect(server.lease?.spec).toMatchObject({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
    });
  });

  test("of two that look at once, one leads", async () => {
    const { replica, pass } = setUp();
    const replicas = [replica("a"), replica("b")];
    await pass(10_000);
    expect(replicas.filter(({ elector }) => elector.isLeader)).toHaveLength(1);
    expect(replicas.flatMap(({ errors }) => errors)).toEqual([]);
  });

  test("a Lease left by a dead replica is waited out by our clock, whatever time the dead one wrote", async () => {
    const { server, replica, pass } = setUp();
    server.lease = {
      metadata: { name: "operator", namespace: "media", uid: "u", resourceVersion: "5" },
      spec: {
        holderIdentity: "dead",
        leaseDurationSeconds: 15,
        renewTime: "2000-01-01T00:00:00.000000Z",
        leaseTransitions: 3,
      },
    };
    const a = replica("a");
    await pass(14_900);
    expect(a.elector.isLeader).toBe(false);
    await pass(2100);
    expect(a.elector.isLeader).toBe(true);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "a", leaseTransitions: 4 });
  });

  test("times are written with the six decimals that Go expects", async () => {
    const { server, replica, pass } = setUp();
    replica("a");
    await pass(2100);
    expect(server.lease?.spec?.acquireTime).toBe("2026-01-01T00:00:00.000000Z");
    expect(server.lease?.spec?.renewTime).toBe("2026-01-01T00:00:02.000000Z");
  });
});

describe("holding the Lease", () => {
  test("a renewal is one request", async () => {
    const { server, replica, pass } = setUp();
    replica("a");
    await pass(0);
    server.requests = [];
    await pass(6100);
    expect(server.requests).toEqual(["a patch", "a patch", "a patch"]);
  });

  test("the time that is surely left counts from when the last renewal was sent", async () => {
    const { server, clock, replica, pass } = setUp();
    const { elector } = replica("a");
    expect(elector.remainingMs()).toBe(0);
    await pass(0);
    expect(elector.remainingMs()).toBe(15_000);
    await pass(1900);
    expect(elector.remainingMs()).toBe(13_100);
    server.underway = () => clock.advance(700);
    await pass(100);
    expect(elector.remainingMs()).toBe(14_300);
  });

  test("a leader cut off stops well before another starts", async () => {
    const { server, replica, pass, log } = setUp();
    replica("a");
    await pass(0);
    replica("b");
    await pass(4000);
    server.faults.set("a", "unreachable");
    await pass(30_000);
    expect(log).toEqual(["0 a starts", "14000 a stops", "20000 b starts"]);
  });

  test("a leader that is reached again in time goes on", async () => {
    const { server, replica, pass, log } = setUp();
    const a = replica("a");
    await pass(0);
    replica("b");
    server.faults.set("a", "unreachable");
    await pass(9000);
    server.faults.clear();
    await pass(30_000);
    expect(log).toEqual(["0 a starts"]);
    expect(a.errors).toHaveLength(4);
  });

  test("renewals that arrive though their answers are lost keep the Lease", async () => {
    const { server, replica, pass, log } = setUp();
    replica("a");
    await pass(0);
    server.faults.set("a", "answerLost");
    await pass(5000);
    server.faults.clear();
    await pass(30_000);
    expect(log).toEqual(["0 a starts"]);
  });

  test("somebody's note on the Lease is no reason to stop", async () => {
    const { server, replica, pass, log } = setUp();
    replica("a");
    await pass(0);
    server.patch({ metadata: {}, spec: {} });
    await pass(30_000);
    expect(log).toEqual(["0 a starts"]);
  });

  test("who takes the Lease by force has it at the next renewal, and no time is left", async () => {
    const { server, replica, pass, log } = setUp();
    const { elector } = replica("a");
    await pass(0);
    server.patch({ spec: { holderIdentity: "force" } });
    await pass(2000);
    expect(log).toEqual(["0 a starts", "2000 a stops"]);
    expect(elector.remainingMs()).toBe(0);
    expect(elector.leader).toBe("force");
  });

  test("a leader that lost the Lease becomes a candidate again", async () => {
    const { server, replica, pass, log } = setUp();
    replica("a");
    await pass(0);
    server.patch({ spec: { holderIdentity: "force" } });
    await pass(20_000);
    expect(log).toEqual(["0 a starts", "2000 a stops", "18000 a starts"]);
  });
});

describe("handing over", () => {
  test("on shutdown the successor need not wait for the Lease to run out", async () => {
    const { replica, pass, log } = setUp();
    const a = replica("a");
    await pass(0);
    replica("b");
    await pass(3000);
    await a.shutdown();
    await pass(2000);
    expect(log).toEqual(["0 a starts", "3000 a stops", "4000 b starts"]);
  });

  test("the Lease is kept until the work has stopped", async () => {
    const { server, replica, pass } = setUp();
    const stopped = Promise.withResolvers<void>();
    const a = replica("a", { onStopped: () => stopped.promise });
    await pass(0);
    const ended = a.shutdown();
    await pass(1000);
    expect(server.lease?.spec?.holderIdentity).toBe("a");
    expect([a.elector.isLeader, a.elector.remainingMs()]).toEqual([false, 14_000]);
    stopped.resolve();
    await ended;
    expect(server.lease?.spec?.holderIdentity).toBe("");
    expect(a.elector.remainingMs()).toBe(0);
  });

  test("a replica that never led leaves the Lease alone", async () => {
    const { server, replica, pass } = setUp();
    replica("a");
    await pass(0);
    const b = replica("b");
    await pass(1000);
    await b.shutdown();
    expect(server.lease?.spec?.holderIdentity).toBe("a");
  });

  test("a shutdown without an API server ends all the same", async () => {
    const { server, replica, pass } = setUp();
    const a = replica("a");
    await pass(0);
    server.faults.set("a", "unreachable");
    await a.shutdown();
    expect(a.errors).toMatchObject([{ reason: "ConnectionFailed" }]);
  });
});

test.each([
  { name: "a deadline beyond the lease", options: { renewDeadlineMs: 15_000 } },
  { name: "a deadline that leaves no time to retry", options: { renewDeadlineMs: 2400 } },
])("$name is refused", ({ options }) => {
  expect(() => setUp().replica("a", options)).toThrow("two could lead at once");
});

function setUp() {
  const clock = new ManualClock();
  const server = new LeaseServer();
  const log: string[] = [];
  const leading = new Set<string>();
  const replica = (identity: string, options: Partial<LeaderOptions> = {}) => {
    const errors: unknown[] = [];
    const controller = new AbortController();
    const elector = new LeaderElector({
      client: server.clientOf(identity),
      lease: { namespace: "media", name: "operator" },
      identity,
      clock,
      random: () => 0,
      onStarted: () => {
        log.push(`${clock.now()} ${identity} starts`);
        leading.add(identity);
        if (leading.size > 1) throw new Error(`${[...leading]} lead at once`);
      },
      onStopped: async () => {
        log.push(`${clock.now()} ${identity} stops`);
        leading.delete(identity);
      },
      onError: (error) => errors.push(error),
      ...options,
    });
    const ended = elector.run(controller.signal);
    const shutdown = async () => {
      controller.abort();
      await ended;
    };
    shutdowns.push(shutdown);
    return { elector, errors, shutdown };
  };
  /** Lets time pass in small steps, so that every answer arrives when it is due. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      await settled();
      clock.advance(Math.min(100, left));
    }
    await settled();
  };
  return { clock, server, replica, pass, log };
}

/** Lets everything run that can run without time passing. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
