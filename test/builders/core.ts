import { type MediaJob, mediaJobSpec } from "../../crds/media-job.ts";
import type { MediaJobStatus } from "../../crds/media-job-status.ts";
import type { UnitResult } from "../../crds/result.ts";
import type { ObservedAttempt } from "../../operator/core/reconcile/attempt.ts";
import type { Observation } from "../../operator/core/reconcile/decision.ts";

/** Builders for the core's tests: each fills what a test does not speak of. */

export const NOW_MS = Date.parse("2026-01-01T12:00:00Z");

const volume = (path: string) => ({ volume: { claimName: "media", path } });

/** One JPEG source, one thumbnail, defaults for the rest; `spec` overrides by field, before defaults. */
export function mediaJob(spec: Record<string, unknown> = {}, status?: MediaJobStatus): MediaJob {
  return {
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: {
      name: "holiday",
      namespace: "media",
      uid: "0a1b2c3d-0000-0000-0000-000000000000",
      generation: 1,
    },
    spec: mediaJobSpec.parse({
      sources: sources("beach"),
      outputs: [thumb],
      destination: volume("out"),
      ...spec,
    }),
    ...(status && { status }),
  };
}

export const sources = (...names: string[]) => names.map((name) => ({ name, ...volume(`in/${name}`) }));

export const thumb = { name: "thumb", image: { format: "webp", width: 320 } };
/** A unit of its own for each source, planned without a probe: it encodes nothing. */
export const web = { name: "web", video: { codec: "copy" } };
/** Planned by what its source is, where there are several. */
export const film = { name: "film", video: { height: 720 } };

/** Where a unit runs, with what it may take. */
export const placed = {
  pool: "default",
  cpu: 1,
  memoryBytes: 2 ** 30,
  memoryLimitBytes: 2 ** 30,
  scratchBytes: 2 ** 30,
  gpu: false,
};

/** An attempt at `image-0` that runs in the default pool. */
export function attempt(fields: Partial<ObservedAttempt> = {}): ObservedAttempt {
  const { unit = "image-0", attempt = 1 } = fields;
  return {
    unit,
    attempt,
    name: `holiday-${unit}-a${attempt}`,
    state: "Active",
    pool: "default",
    memoryBytes: 512 * 2 ** 20,
    ...fields,
  };
}

export const succeeded = (fields: Partial<ObservedAttempt> = {}): ObservedAttempt =>
  attempt({ state: "Succeeded", exitCode: 0, endedAtMs: NOW_MS, result: result(), ...fields });

export const failed = (fields: Partial<ObservedAttempt> = {}): ObservedAttempt =>
  attempt({ state: "Failed", exitCode: 70, endedAtMs: NOW_MS, ...fields });

export function result(fields: Partial<UnitResult> = {}): UnitResult {
  return {
    version: "v1",
    unit: "image-0",
    attempt: 1,
    counts: { succeeded: 1, skipped: 0, failed: 0 },
    outputs: [
      { source: "beach", output: "thumb", phase: "Succeeded", uri: "volume://media/out/beach/thumb.webp" },
    ],
    failures: [],
    failedSources: [],
    warnings: [],
    usage: { wallSeconds: 2, cpuSeconds: 1.5, peakMemoryBytes: 1e8, bytesIn: 1000, bytesOut: 100 },
    ...fields,
  };
}

/** The last unit of a MediaJob of several, when it ended well. */
export const finalized = (fields: Partial<ObservedAttempt> = {}): ObservedAttempt =>
  succeeded({
    unit: "finalize",
    result: result({ unit: "finalize", counts: { succeeded: 0, skipped: 0, failed: 0 }, outputs: [] }),
    ...fields,
  });

/** A pass over `job` with much room in the default pool. */
export function observation(fields: Partial<Observation> = {}): Observation {
  return {
    job: mediaJob(),
    attempts: [],
    progress: new Map(),
    deliveries: [],
    free: new Map([["default", 100]]),
    position: 1,
    nowMs: NOW_MS,
    ...fields,
  };
}
