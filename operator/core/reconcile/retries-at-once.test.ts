import { expect, test } from "vitest";
import { failed, mediaJob, NOW_MS, observation, sources, web } from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import { decide } from "./decide.ts";
import type { Observation } from "./decision.ts";

const job = mediaJob({ outputs: [web], sources: sources("a", "b", "c") });
const MINUTE_MS = 60_000;
const after = (exitCode: number, units = ["video-0", "video-1"]) =>
  units.map((unit) => failed({ unit, exitCode, endedAtMs: NOW_MS - 10 * MINUTE_MS }));
const pass = (fields: Partial<Observation>) =>
  decide(observation({ job, ...fields }), plan(job.spec, defaultConfiguration().pools));
const starts = (fields: Partial<Observation>) =>
  pass(fields).actions.flatMap((action) =>
    action.do === "StartAttempt"
      ? [`${action.unit.name}-a${action.attempt}${action.retryOf ? ` ${action.retryOf}` : ""}`]
      : [],
  );

const STORAGE = 21;
const OUT_OF_MEMORY = 30;
const EVICTED = 40;

test.each([
  {
    name: "as many retries start as there is room for, and first attempts always",
    attempts: after(STORAGE),
    room: 1,
    expected: ["video-0-a2 storage", "video-2-a1"],
  },
  { name: "none starts while others run", attempts: after(STORAGE), room: 0, expected: ["video-2-a1"] },
  {
    name: "more memory is no second try at the same thing",
    attempts: after(OUT_OF_MEMORY),
    room: 0,
    expected: ["video-0-a2", "video-1-a2", "video-2-a1"],
  },
  {
    name: "neither is another node",
    attempts: after(EVICTED),
    room: 0,
    expected: ["video-0-a2", "video-1-a2", "video-2-a1"],
  },
])("$name", ({ attempts, room, expected }) => {
  expect(starts({ attempts, retryRoom: new Map([["storage", room]]) })).toEqual(expected);
});

test("who waits for others' retries says so, and looks again by itself", () => {
  const attempts = after(STORAGE, ["video-0", "video-1", "video-2"]);
  const { status, gatedBy, requeueAfterMs } = pass({ attempts, retryRoom: new Map([["storage", 0]]) });
  expect(gatedBy).toBe("storage");
  expect(status.queue).toEqual({
    reason: "RetriesLimited",
    message: "waits until fewer retries after failures of class storage run",
  });
  expect(requeueAfterMs).toBe(15_000);
});
