import { expect, test } from "vitest";
import { mediaJob, observation, result, succeeded } from "../../../test/builders/core.ts";
import { configuration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import { decide } from "./decide.ts";

const { pools } = configuration.parse({});

test("what another MediaJob had made is counted, told in an Event, and ready for whoever waits for it", () => {
  const webhook = {
    name: "hook",
    url: "https://receiver.example/hook",
    secretRef: { name: "webhook" },
    events: ["output.ready"],
  };
  const job = mediaJob({ webhooks: [webhook] }, { phase: "Running", startTime: "2026-01-01T11:59:00Z" });
  const made = { source: "beach", output: "thumb", uri: "volume://media/out/beach/thumb.webp" } as const;
  const attempts = [
    succeeded({
      result: result({
        counts: { succeeded: 0, skipped: 1, failed: 0, reused: 1 },
        outputs: [{ ...made, phase: "Skipped", reused: true }],
      }),
    }),
  ];
  const { status, announcements, measured } = decide(observation({ job, attempts }), plan(job.spec, pools));
  expect(status).toMatchObject({
    phase: "Succeeded",
    reusedOutputs: 1,
    outputs: [{ ...made, phase: "Skipped", reused: true }],
  });
  expect(measured, "so little is not what such work takes").toEqual([]);
  expect(announcements).toContainEqual({
    type: "Normal",
    reason: "OutputsReused",
    message:
      "unit image-0: 1 outputs stand as another MediaJob made them, from the same sources, spec and engine; not made again",
  });
  expect(status.webhooks?.[0]?.pending.map(({ type }) => type)).toEqual(["output.ready"]);
});
