import { expect, test } from "vitest";
import type { MediaJobStatus, Phase } from "../../../crds/media-job-status.ts";
import { mediaJob } from "../../../test/builders/core.ts";
import { askingSinceMs } from "./standing.ts";

const NOW_MS = Date.parse("2026-01-09T12:00:00Z");
const CREATED = "2026-01-01T12:00:00Z";
const RETRIED = "2026-01-05T12:00:00Z";

const to = (phase: Phase, time: string, from?: Phase) => ({
  ...{ time, to: phase, reason: "BecauseOfTests" },
  ...(from && { from }),
});
const failed = [to("Running", CREATED), to("Failed", CREATED, "Running")];

test.each<{ name: string; status?: MediaJobStatus; since: string }>([
  { name: "its creation", since: CREATED },
  { name: "its creation, also once it was suspended", since: CREATED, status: { phase: "Suspended" } },
  {
    name: "the last time it was retried after its end",
    status: { phase: "Running", history: [...failed, to("Running", RETRIED, "Failed")] },
    since: RETRIED,
  },
  {
    name: "now, where no status tells yet that it was",
    status: { phase: "Failed", history: failed },
    since: new Date(NOW_MS).toISOString(),
  },
])("a MediaJob has asked for its turn since $name", ({ status, since }) => {
  const job = mediaJob({}, status);
  job.metadata.creationTimestamp = CREATED;
  expect(askingSinceMs(job, NOW_MS)).toBe(Date.parse(since));
});
