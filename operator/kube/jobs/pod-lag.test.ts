import { expect, test } from "vitest";
import type { Job, Pod } from "../api/resources.ts";
import { PodLag } from "./pod-lag.ts";

const NOON_MS = Date.UTC(2026, 0, 1, 12);
const at = (seconds: number) => new Date(NOON_MS + seconds * 1000).toISOString();
const job = (createdAt: number, condition?: string) =>
  ({
    metadata: { creationTimestamp: at(createdAt) },
    status: { conditions: condition ? [{ type: condition, status: "False" }] : [] },
  }) as unknown as Job;
const pod = (createdAt: number) => ({ metadata: { creationTimestamp: at(createdAt) } }) as unknown as Pod;

type Made = readonly [createdAt: number, podAt: number];

test.each<{ name: string; made: Made[]; now: number; seconds: number }>([
  { name: "no pod was made", made: [], now: 0, seconds: 0 },
  {
    name: "the longest of the last minute counts",
    made: [
      [0, 5],
      [1, 40],
      [39, 41],
    ],
    now: 50,
    seconds: 39,
  },
  { name: "after a minute without another it counts no more", made: [[0, 40]], now: 101, seconds: 0 },
  {
    name: "after a minute a shorter one takes its place",
    made: [
      [0, 40],
      [95, 103],
    ],
    now: 104,
    seconds: 8,
  },
])("$name", ({ made, now, seconds }) => {
  const lag = new PodLag();
  for (const [createdAt, podAt] of made) lag.note(job(createdAt), pod(podAt));
  expect(lag.ms(NOON_MS + now * 1000)).toBe(seconds * 1000);
});

test("a Job that was held until somebody resumed it says nothing of the cluster", () => {
  const lag = new PodLag();
  lag.note(job(0, "Suspended"), pod(3600));
  expect(lag.ms(NOON_MS + 3_601_000)).toBe(0);
});

test("an age that is not known changes nothing", () => {
  const lag = new PodLag();
  lag.note({ metadata: {} } as Job, pod(10));
  lag.note(job(0), { metadata: {} } as Pod);
  expect(lag.ms(NOON_MS + 10_000)).toBe(0);
});
