import { afterEach, describe, expect, test } from "vitest";
import { KubeClient } from "../api/client.ts";
import { CONFIG_MAPS, type ConfigMap } from "../api/resources.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { added, bookmark, configMap, deleted, listOf, modified, watchError } from "../testing/objects.ts";
import { json, refusal, ScriptedServer, type Step, stream } from "../testing/scripted-server.ts";
import { Informer } from "./informer.ts";

const a1 = json(listOf(1, configMap({ name: "a", version: 1 })));

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

describe("in step", () => {
  test("lists the newest state, then watches from its version, with bookmarks and a random timeout", async () => {
    const { server } = await run([a1], { random: () => 0.5 });
    expect(paramsOf((await server.request(1)).url)).toEqual({ limit: "500" });
    expect(paramsOf((await server.request(2)).url)).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      timeoutSeconds: "450",
      resourceVersion: "1",
    });
  });

  test("tells of what was listed and of each event, duplicates once", async () => {
    const { told, seen } = await run([
      a1,
      stream([
        added({ name: "b", version: 2 }),
        added({ name: "b", version: 2 }),
        modified({ name: "a", version: 3 }),
        deleted({ name: "b", version: 4 }),
      ]),
    ]);
    await seen(4);
    expect(told).toEqual(["added a@1", "added b@2", "updated a@3", "deleted b@2"]);
  });

  test("is synced only when the last page has come", async () => {
    const secondPage = Promise.withResolvers<void>();
    const { informer, clock, server } = await run([
      json({ metadata: { resourceVersion: "1", continue: "next" }, items: [configMap({ name: "a" })] }),
      async (response, request) => {
        await secondPage.promise;
        await json(listOf(1, configMap({ name: "b" })))(response, request);
      },
    ]);
    await server.request(2);
    expect(informer.hasSynced).toBe(false);
    clock.advance(7_000);
    expect(informer.lastSyncAgeMs()).toBe(7_000);
    secondPage.resolve();
    await informer.whenSynced();
    expect(informer.hasSynced).toBe(true);
    expect(informer.store.size).toBe(2);
  });

  test("knows how long the server has been silent", async () => {
    const { informer, clock, server, seen } = await run([a1, stream([added({ name: "b", version: 2 })])]);
    await seen(2);
    await server.request(2);
    clock.advance(45_000);
    expect(informer.lastSyncAgeMs()).toBe(45_000);
  });

  test("a handler that throws stops nothing", async () => {
    const { informer, errors, seen } = await run([a1, stream([modified({ name: "a", version: 2 })])], {
      onChange: () => {
        throw new Error("handler");
      },
    });
    await seen(2);
    expect(errors.map((error) => (error as Error).message)).toEqual(["handler", "handler"]);
    expect(informer.store.list()[0]?.metadata.resourceVersion).toBe("2");
  });

  test("reads everything anew when asked to, though the watch is open and says nothing", async () => {
    const { informer, server, told } = await run([
      a1,
      stream([]),
      json(listOf(7, configMap({ name: "a", version: 1 }), configMap({ name: "b", version: 6 }))),
    ]);
    await server.request(2);
    await informer.refresh();
    expect(told).toEqual(["added a@1", "added b@6"]);
    expect(paramsOf((await server.request(4)).url)).toMatchObject({ watch: "true", resourceVersion: "7" });
  });

  test("ends when told to, in the middle of a watch", async () => {
    const { server, stop } = await run([a1, stream([])]);
    await server.request(2);
    await stop();
  });
});

describe("faults after which the watch goes on from where it was", () => {
  test.each<{ name: string; faults: Step[]; from: string; waits: number[] }>([
    {
      name: "a watch that is refused with 503",
      faults: [refusal(503, "ServiceUnavailable")],
      from: "1",
      waits: [500],
    },
    {
      name: "overload with a Retry-After",
      faults: [refusal(429, "TooManyRequests", { retryAfterSeconds: 9 })],
      from: "1",
      waits: [9000],
    },
    {
      name: "one refusal after the other, waiting longer each time",
      faults: [500, 502, 503, 500, 500, 500, 500, 500].map((code) => refusal(code, "InternalError")),
      from: "1",
      waits: [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
    },
    {
      name: "refusals, an event and then another fault, waiting no longer than at first",
      faults: [
        refusal(503, "ServiceUnavailable"),
        refusal(503, "ServiceUnavailable"),
        stream([modified({ name: "a", version: 5 })], "reset"),
      ],
      from: "5",
      waits: [500, 1000, 500],
    },
    {
      name: "a connection reset in the middle of a line",
      faults: [stream([modified({ name: "a", version: 5 }), '{"type":"MODI'], "reset")],
      from: "5",
      waits: [500],
    },
    {
      name: "half a line of JSON and an end",
      faults: [stream([modified({ name: "a", version: 5 }), '{"type":"MODI\n'], "end")],
      from: "5",
      waits: [500],
    },
    {
      name: "a reset after a bookmark",
      faults: [stream([modified({ name: "a", version: 5 }), bookmark(77)], "reset")],
      from: "77",
      waits: [500],
    },
    {
      name: "the server's own timeout, at once",
      faults: [stream([modified({ name: "a", version: 5 })], "end")],
      from: "5",
      waits: [],
    },
    {
      name: "a watch that ends as soon as it begins, after a wait",
      faults: [stream([], "end"), stream([], "end")],
      from: "1",
      waits: [500, 1000],
    },
    {
      name: "an internal error in the stream",
      faults: [stream([bookmark(6), watchError(500, "InternalError")])],
      from: "6",
      waits: [500],
    },
  ])("$name", async ({ faults, from, waits }) => {
    const { server, clock, told, seen } = await run([
      a1,
      ...faults,
      stream([added({ name: "z", version: 100 })]),
    ]);
    for (const waitMs of waits) expect(await clock.passNextWait()).toBe(waitMs);
    const { url } = await server.request(2 + faults.length);
    expect(url.searchParams.get("resourceVersion")).toBe(from);
    expect(url.searchParams.get("watch")).toBe("true");
    await seen((texts) => texts.includes("added z@100"));
    expect(told.filter((text) => text.startsWith("added"))).toEqual(["added a@1", "added z@100"]);
  });

  test("a dead connection is noticed by its silence", async () => {
    const { server, clock, errors } = await run([a1, stream([bookmark(8)])], { silentMs: 300 });
    await clock.passNextWait();
    expect(errors[0]).toMatchObject({ reason: "WatchSilent" });
    expect((await server.request(3)).url.searchParams.get("resourceVersion")).toBe("8");
  });

  test("a server that is away is found again when it is back", async () => {
    const { clock, seen, errors } = await run([
      (response) => void response.destroy(),
      a1,
      (response) => void response.destroy(),
      stream([modified({ name: "a", version: 2 })]),
    ]);
    await clock.passNextWait();
    await clock.passNextWait();
    await seen((texts) => texts.includes("updated a@2"));
    expect(errors).toMatchObject([{ reason: "ConnectionFailed" }, { reason: "ConnectionFailed" }]);
  });
});

describe("faults after which it lists anew", () => {
  const relist = json(listOf(50, configMap({ name: "b", version: 40 })));

  test.each<{ name: string; fault: Step }>([
    { name: "410 as an answer", fault: refusal(410, "Expired") },
    { name: "410 in the stream", fault: stream([watchError(410, "Expired")]) },
    { name: "a version from the future, 504", fault: refusal(504, "Timeout") },
    { name: "a version that is no longer understood, 400", fault: refusal(400, "BadRequest") },
  ])("$name: what vanished meanwhile is told as deleted", async ({ fault }) => {
    const { server, clock, told, seen } = await run([a1, fault, relist]);
    expect(await clock.passNextWait()).toBe(500);
    await seen(3);
    expect(told).toEqual(["added a@1", "deleted a@1", "added b@40"]);
    expect((await server.request(4)).url.searchParams.get("resourceVersion")).toBe("50");
  });

  test("410 again and again waits longer each time, though every list succeeds", async () => {
    const { clock } = await run([
      a1,
      refusal(410, "Expired"),
      a1,
      refusal(410, "Expired"),
      a1,
      refusal(410, "Expired"),
    ]);
    expect([await clock.passNextWait(), await clock.passNextWait(), await clock.passNextWait()]).toEqual([
      500, 1000, 2000,
    ]);
  });

  test("410 on the second page starts the list over, and nothing of the first try is kept", async () => {
    const { informer, told } = await run([
      json({
        metadata: { resourceVersion: "1", continue: "next" },
        items: [configMap({ name: "gone", version: 1 })],
      }),
      refusal(410, "Expired"),
      relist,
    ]);
    await informer.whenSynced();
    expect(told).toEqual(["added b@40"]);
  });

  test("delete and create by the same name while disconnected is a deletion and an addition", async () => {
    const { clock, told, seen } = await run([
      json(listOf(1, configMap({ uid: "one", version: 1 }))),
      refusal(410, "Expired"),
      json(listOf(50, configMap({ uid: "two", version: 40 }))),
    ]);
    await clock.passNextWait();
    await seen(3);
    expect(told).toEqual(["added a@1", "deleted a@1", "added a@40"]);
  });

  test("a store restored from a backup, whose versions have fallen, replaces what was known", async () => {
    const { clock, told, seen } = await run([
      json(listOf(900, configMap({ version: 900, value: "later" }))),
      refusal(504, "Timeout"),
      json(listOf(50, configMap({ version: 40, value: "restored" }))),
    ]);
    await clock.passNextWait();
    await seen(3);
    expect(told).toEqual(["added a@900", "deleted a@900", "added a@40"]);
  });
});

interface Setup {
  readonly random?: () => number;
  readonly silentMs?: number;
  readonly onChange?: () => void;
}

async function run(script: Step[], { random = () => 1, silentMs, onChange }: Setup = {}) {
  const server = await ScriptedServer.start(...script);
  const client = new KubeClient(server.access);
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const told: string[] = [];
  let wake = () => {};
  const informer = new Informer<ConfigMap>({
    client,
    resource: CONFIG_MAPS,
    clock,
    random,
    onError: (error) => errors.push(error),
    ...(silentMs && { silentMs }),
  });
  informer.store.onChange(({ type, object }) => {
    told.push(`${type} ${object.metadata.name}@${object.metadata.resourceVersion}`);
    wake();
  });
  if (onChange) informer.store.onChange(onChange);
  const controller = new AbortController();
  const ended = informer.run(controller.signal);
  const stop = async () => {
    controller.abort();
    await ended;
  };
  cleanups.push(async () => {
    await stop();
    await client.close();
    await server.stop();
  });
  /** Waits for so many changes, or for what the condition says of them. */
  const seen = async (wanted: number | ((texts: readonly string[]) => boolean)) => {
    const reached = typeof wanted === "number" ? () => told.length >= wanted : () => wanted(told);
    while (!reached()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { server, clock, informer, errors, told, seen, stop };
}

function paramsOf(url: URL): Record<string, string> {
  return Object.fromEntries(url.searchParams);
}
