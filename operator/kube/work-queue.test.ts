import { describe, expect, test } from "vitest";
import { ApiError } from "./api/api-error.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { type Processed, type Requeue, WorkQueue, type WorkQueueOptions } from "./work-queue.ts";

const done: Requeue = { afterMs: null };

describe("which key is worked on when", () => {
  test("a key that is added several times is worked on once", async () => {
    const { queue, started } = setUp();
    for (const key of ["a", "b", "a"]) queue.add(key);
    queue.start();
    await settled();
    expect(started).toEqual(["a", "b"]);
  });

  test("nothing is worked on before the start, nor inside the call that adds", async () => {
    const { queue, started } = setUp();
    queue.add("a");
    await settled();
    expect(started).toEqual([]);
    queue.start();
    queue.add("b");
    expect(started).toEqual([]);
    await settled();
    expect(started).toEqual(["a", "b"]);
  });

  test("as many keys as allowed are worked on at once, the others in their order", async () => {
    const { queue, started, finish } = setUp({ concurrency: 2, hold: true });
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    queue.start();
    await settled();
    expect(started).toEqual(["a", "b"]);
    expect([queue.activeCount, queue.depth]).toEqual([2, 2]);
    await finish("b");
    expect(started).toEqual(["a", "b", "c"]);
  });

  test("a key that is added while it is worked on comes once more afterwards, never at the same time", async () => {
    const { queue, started, finish } = setUp({ concurrency: 8, hold: true });
    queue.start();
    queue.add("a");
    await settled();
    queue.add("a");
    queue.add("a");
    queue.add("b");
    await settled();
    await finish("b");
    expect(started).toEqual(["a", "b"]);
    await finish("a");
    expect(started).toEqual(["a", "b", "a"]);
    await finish("a");
    expect(started).toEqual(["a", "b", "a"]);
    expect([queue.activeCount, queue.depth]).toEqual([0, 0]);
  });
});

describe("delays", () => {
  test("of several delays of one key the first to end counts", async () => {
    const { queue, started, clock } = setUp();
    queue.start();
    queue.addAfter("a", 500);
    queue.addAfter("a", 200);
    queue.addAfter("a", 900);
    expect(queue.delayedCount).toBe(1);
    clock.advance(199);
    await settled();
    expect(started).toEqual([]);
    clock.advance(1);
    await settled();
    expect(started).toEqual(["a"]);
    clock.advance(10_000);
    await settled();
    expect(started).toEqual(["a"]);
  });

  test("a delay does not hold back a key that is asked for", async () => {
    const { queue, started } = setUp();
    queue.start();
    queue.addAfter("a", 500);
    queue.add("a");
    await settled();
    expect(started).toEqual(["a"]);
  });

  test("a key that is worked on before its delay ends does not come again for it", async () => {
    const { queue, started, clock } = setUp();
    queue.start();
    queue.addAfter("a", 500);
    queue.add("a");
    await settled();
    expect(queue.delayedCount).toBe(0);
    clock.advance(10_000);
    await settled();
    expect(started).toEqual(["a"]);
  });

  test("a delay that is asked for while a key is worked on counts", async () => {
    const { queue, started, clock } = setUp({
      process: async () => {
        if (started.length === 1) queue.addAfter("a", 500);
        return { afterMs: null };
      },
    });
    queue.start();
    queue.add("a");
    await settled();
    clock.advance(500);
    await settled();
    expect(started).toEqual(["a", "a"]);
  });

  test("a key comes again after the time its worker names", async () => {
    const { queue, started, clock } = setUp({ process: async () => ({ afterMs: 3000 }) });
    queue.start();
    queue.add("a");
    await settled();
    expect(await clock.passNextWait()).toBe(3000);
    await settled();
    expect(started).toEqual(["a", "a"]);
  });
});

describe("failures", () => {
  test("a key that fails is tried again, each time later, and forgiven once it succeeds", async () => {
    const outcomes = ["fail", "fail", "fail", "ok", "fail"];
    const { queue, clock } = setUp({
      process: async () => {
        if (outcomes.shift() === "fail") throw new Error("no luck");
        return { afterMs: 7 };
      },
    });
    queue.start();
    queue.add("a");
    const waits: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      await settled();
      waits.push(await clock.passNextWait());
    }
    expect(waits).toEqual([250, 500, 1000, 7, 250]);
  });

  test("a failure of one key delays no other", async () => {
    const { queue, started, clock } = setUp({
      process: async (key) => {
        if (key === "bad") throw new Error("no luck");
        return done;
      },
    });
    queue.start();
    for (let n = 0; n < 5; n += 1) {
      queue.add("bad");
      await settled();
    }
    queue.add("good");
    await settled();
    expect(started.at(-1)).toBe("good");
    expect(clock.now()).toBe(0);
  });

  test("the API server's Retry-After is waited out", async () => {
    const { queue, clock, processed } = setUp({
      process: async () => {
        throw new ApiError("overload", { code: 429, reason: "TooManyRequests", retryAfterMs: 4000 });
      },
    });
    queue.start();
    queue.add("a");
    await settled();
    expect(processed[0]?.error).toMatchObject({ failures: 1, retryInMs: 4000, cause: { code: 429 } });
    expect(await clock.passNextWait()).toBe(4000);
  });
});

describe("draining", () => {
  test("what waits is forgotten, what is active ends, and nothing more is taken", async () => {
    const { queue, started, finish } = setUp({ concurrency: 1, hold: true });
    queue.start();
    queue.add("a");
    queue.add("b");
    queue.addAfter("c", 10);
    await settled();
    const drained = queue.drain(5000);
    queue.add("d");
    queue.addAfter("a", 10);
    await finish("a");
    expect(await drained).toBe(true);
    expect(started).toEqual(["a"]);
    expect([queue.depth, queue.activeCount, queue.delayedCount]).toEqual([0, 0, 0]);
  });

  test("what does not end in time is told to abort", async () => {
    const { queue, clock, signals } = setUp({ hold: true });
    queue.start();
    queue.add("a");
    await settled();
    const drained = queue.drain(5000);
    expect(signals[0]?.aborted).toBe(false);
    clock.advance(5000);
    expect(await drained).toBe(false);
    expect(signals[0]?.reason).toMatchObject({ message: expect.stringContaining("drained") });
  });

  test("what the drain did not wait for is waited for by whoever asks for its end", async () => {
    const { queue, clock, finish } = setUp({ hold: true });
    queue.start();
    queue.add("a");
    await settled();
    const drained = queue.drain(5000);
    clock.advance(5000);
    await drained;
    let ended = false;
    const waiting = queue.ended().then(() => {
      ended = true;
    });
    await settled();
    expect(ended).toBe(false);
    await finish("a");
    await waiting;
  });

  test("a queue at rest is drained at once", async () => {
    expect(await setUp().queue.drain(5000)).toBe(true);
  });
});

test("waiting and working times are told for each key", async () => {
  const { queue, clock, processed, finish } = setUp({ concurrency: 1, hold: true });
  queue.start();
  queue.add("a");
  queue.add("b");
  await settled();
  clock.advance(30);
  await finish("a");
  clock.advance(5);
  await finish("b");
  expect(processed).toEqual([
    { key: "a", waitMs: 0, runMs: 30, error: null },
    { key: "b", waitMs: 30, runMs: 5, error: null },
  ]);
});

interface Setup {
  readonly concurrency?: number;
  readonly process?: WorkQueueOptions["process"];
  /** Keys stay active until `finish`. */
  readonly hold?: boolean;
}

function setUp({ concurrency = 4, process = async () => done, hold = false }: Setup = {}) {
  const clock = new ManualClock();
  const started: string[] = [];
  const signals: AbortSignal[] = [];
  const processed: Processed[] = [];
  const held = new Map<string, () => void>();
  const queue = new WorkQueue({
    process: async (key, signal) => {
      started.push(key);
      signals.push(signal);
      if (hold) await new Promise<void>((resolve) => held.set(key, resolve));
      return await process(key, signal);
    },
    concurrency,
    clock,
    random: () => 1,
    onProcessed: (one) => processed.push(one),
  });
  const finish = async (key: string) => {
    held.get(key)?.();
    await settled();
  };
  return { queue, clock, started, signals, processed, finish };
}

/** Lets everything run that can run without time passing. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
