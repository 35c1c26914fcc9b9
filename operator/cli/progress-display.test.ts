import { Writable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { attempt, mediaJob, sources, succeeded, web } from "../../test/builders/core.ts";
import { configuration } from "../core/configuration.ts";
import { plan } from "../core/plan/plan.ts";
import type { ObservedAttempt } from "../core/reconcile/attempt.ts";
import { type ProgressDisplay, progressDisplay } from "./progress-display.ts";

const names = Array.from({ length: 20 }, (_, at) => `s${at}`);
const pools = [
  {
    name: "default",
    perUnit: { cpu: 8, memory: "32Gi" },
    concurrency: 4,
  },
];

let display: ProgressDisplay | undefined;
afterEach(() => display?.stop());

/** What a terminal of so many rows is sent, or a pipe. */
function shown(
  job: ReturnType<typeof mediaJob>,
  steps: ObservedAttempt[][],
  terminal?: { rows: number; columns?: number },
) {
  let text = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  if (terminal) Object.assign(stream, { isTTY: true, columns: 80, ...terminal });
  display = progressDisplay(stream as unknown as NodeJS.WriteStream);
  const planned = plan(job.spec, configuration.parse({ pools }).pools);
  for (const attempts of steps) display.show({ job, plan: planned, progress: new Map(), attempts });
  display.stop();
  return text;
}

const running = (unit: string) => attempt({ unit });
const done = (unit: string) => succeeded({ unit });

test("on a terminal, more units than rows scroll up one by one as they end", () => {
  const units = names.map((_, at) => `video-${at}`);
  const steps = units.map((_, at) => [
    ...units.slice(0, at).map(done),
    ...units.slice(at, at + 4).map(running),
  ]);
  const job = mediaJob({ sources: sources(...names), outputs: [web] });
  const text = shown(job, [...steps, units.map(done)], { rows: 8 });

  const upwards = [...text.matchAll(/\[(\d+)A/g)].map(([, rows]) => Number(rows));
  expect(Math.max(...upwards)).toBeLessThan(8);
  const ended = text.split("\n").filter((line) => line.includes(" done "));
  expect(ended.map((line) => /video-\d+/.exec(line)?.[0])).toEqual(units);
});

test.each([
  { name: "elsewhere", terminal: undefined },
  { name: "on a terminal that does not tell its size", terminal: { rows: 0, columns: 0 } },
])("$name a line tells when a unit starts and ends, with the first of its many sources", ({ terminal }) => {
  const job = mediaJob({ sources: sources(...names) });
  expect(shown(job, [[running("image-0")], [running("image-0")], [done("image-0")]], terminal)).toBe(
    "image-0  0%      s0, s1, s2, s3 and 16 more → thumb\nimage-0  done    s0, s1, s2, s3 and 16 more → thumb\n",
  );
});
