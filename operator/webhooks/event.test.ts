import { expect, test } from "vitest";
import type { MediaJobStatus, PendingDelivery } from "../../crds/media-job-status.ts";
import { mediaJob } from "../../test/builders/core.ts";
import { eventBody, MAX_BODY_BYTES } from "./event.ts";

const event = (fields: Partial<PendingDelivery> = {}): PendingDelivery => ({
  id: "msg_1",
  type: "job.completed",
  sequence: 7,
  time: "2026-01-01T12:00:00.000Z",
  phase: "Succeeded",
  ...fields,
});

const output = (index: number, uriLength = 20) => ({
  source: "beach",
  output: `o${index}`,
  phase: "Succeeded" as const,
  uri: `volume://media/${"ü".repeat(uriLength)}/${index}`,
});

const ended: MediaJobStatus = {
  phase: "Succeeded",
  startTime: "2026-01-01T11:00:00Z",
  completionTime: "2026-01-01T12:00:00Z",
  outputs: [output(0)],
};

test("the envelope names the event, the MediaJob and what came of it", () => {
  expect(JSON.parse(eventBody(mediaJob({}, ended), event()))).toMatchObject({
    id: "msg_1",
    type: "job.completed",
    sequence: 7,
    apiVersion: "mediajob.dev/v1alpha1",
    correlationId: "0a1b2c3d-0000-0000-0000-000000000000",
    data: { job: { name: "holiday", phase: "Succeeded" }, outputs: [{ output: "o0" }], failures: [] },
  });
});

test("an event of an earlier phase does not tell of the end that came meanwhile", () => {
  const { data } = JSON.parse(
    eventBody(mediaJob({}, ended), event({ type: "job.started", phase: "Running" })),
  );
  expect(data.job).toEqual({
    namespace: "media",
    name: "holiday",
    uid: "0a1b2c3d-0000-0000-0000-000000000000",
    phase: "Running",
  });
});

test("details stand in the event's own data", () => {
  const fields = {
    type: "output.ready",
    unit: { name: "image-0", attempt: 1 },
    outputs: [output(3)],
    outputCount: 9,
  };
  const { data } = JSON.parse(eventBody(mediaJob({}, ended), event(fields)));
  expect(data).toMatchObject({ unit: { name: "image-0" }, outputs: [{ output: "o3" }], outputCount: 9 });
  expect(data.usage).toBeUndefined();
});

test.each([
  { name: "long URIs", outputs: 100, uriLength: 1000, failures: 20 },
  { name: "very long ones", outputs: 100, uriLength: 2000, failures: 20 },
])("with $name it stays within 64 KiB, and says that it was cut", ({ outputs, uriLength, failures }) => {
  const status: MediaJobStatus = {
    ...ended,
    outputs: Array.from({ length: outputs }, (_, index) => output(index, uriLength)),
    failures: Array.from({ length: failures }, (_, index) => ({
      unit: `image-${index}`,
      class: "input" as const,
      reason: "SourceCorrupt",
      message: "x".repeat(1024),
    })),
  };
  const body = eventBody(mediaJob({}, status), event());
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_BODY_BYTES);
  const { data } = JSON.parse(body);
  expect(data.truncated).toBe(true);
  expect(data.outputs.length).toBeGreaterThan(10);
  expect(data.failures.length).toBeGreaterThan(1);
});
