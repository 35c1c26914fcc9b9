import { getEventListeners } from "node:events";
import { beforeEach, expect, test } from "vitest";
import { mediaJob } from "../../test/builders/core.ts";
import { defaultConfiguration } from "../core/configuration.ts";
import { plan } from "../core/plan/plan.ts";
import type { KubeClient } from "./api/client.ts";
import { Learnings } from "./learnings.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const known = { seconds: 1, memory: 1, samples: 40 };
const usage = { wallSeconds: 10, cpuSeconds: 10, peakMemoryBytes: 1e8, bytesIn: 0, bytesOut: 0 };

let stored: string | undefined;
let away: boolean;
let written: Record<string, { samples: number }>[];
let learnings: Learnings;
let clock: ManualClock;
let term: AbortController;
let errors: unknown[];

beforeEach(() => {
  [stored, away, written, errors] = [JSON.stringify({ "video/h264": known }), false, [], []];
  clock = new ManualClock();
  term = new AbortController();
  const client = {
    get: async () => {
      if (away) throw new Error("the API server is away");
      return stored === undefined ? null : { data: { "corrections.json": stored } };
    },
    apply: async (_: unknown, { data }: { data: Record<string, string> }) => {
      if (away) throw new Error("the API server is away");
      written.push(JSON.parse(data["corrections.json"] ?? ""));
    },
  };
  learnings = new Learnings(client as unknown as Pick<KubeClient, "get" | "apply">, "mediajob", clock);
});

/** An image was made. */
function note(): void {
  const [unit] = plan(mediaJob().spec, defaultConfiguration().pools).units;
  if (!unit) throw new Error("nothing is planned");
  learnings.note(unit, usage as never);
}

async function aMinute(): Promise<void> {
  await clock.passNextWait();
  await new Promise((resolve) => setImmediate(resolve));
}

const run = () => learnings.run(term.signal, (error) => errors.push(error));

test("what is learned is written a minute later, beside what was known", async () => {
  await learnings.load();
  void run();
  note();
  await aMinute();
  expect(written).toMatchObject([{ "video/h264": known, "image/webp": { samples: 1 } }]);
  await aMinute();
  expect(written).toHaveLength(1); // nothing is new
});

test("where it could not be read, it is before it is replaced, and until then nothing is written", async () => {
  away = true;
  await expect(learnings.load()).rejects.toThrow("away");
  void run();
  note();
  await aMinute();
  expect([errors.length, written]).toEqual([1, []]);
  away = false;
  await aMinute();
  expect(written).toMatchObject([{ "video/h264": known, "image/webp": { samples: 1 } }]);
  expect(learnings.corrections["video/h264"]).toEqual(known);
});

test("what could not be written is written the next time", async () => {
  await learnings.load();
  void run();
  note();
  away = true;
  await aMinute();
  away = false;
  await aMinute();
  expect([errors.length, written.length]).toEqual([1, 1]);
});

test("what nobody can read is learned again", async () => {
  stored = "{";
  await learnings.load();
  void run();
  note();
  await aMinute();
  expect(written).toMatchObject([{ "image/webp": { samples: 1 } }]);
});

test("after its term a leader writes nothing, and leaves nothing behind on the way", async () => {
  await learnings.load();
  const running = run();
  for (let minute = 0; minute < 10; minute++) await aMinute();
  expect(getEventListeners(term.signal, "abort")).toHaveLength(1);
  note();
  term.abort();
  await running;
  expect(written).toEqual([]);
});
