import { z } from "zod";
import { FAILURE_CLASSES, type FailureClass } from "./failures.ts";
import { time } from "./scalars.ts";
import { keyedByName } from "./validation.ts";

/** Derived from the conditions and counters, for people and printer columns; programs read the conditions. */
export const PHASES = [
  "Pending",
  "Planning",
  "Queued",
  "Running",
  "Suspended",
  "Succeeded",
  "PartiallySucceeded",
  "Failed",
  "Cancelled",
  "RecoveryRequired",
] as const;
export type Phase = (typeof PHASES)[number];

/** The phases that nothing but a raised retryGeneration leaves. */
export const TERMINAL_PHASES = [
  "Succeeded",
  "PartiallySucceeded",
  "Failed",
  "Cancelled",
] as const satisfies readonly Phase[];
export type TerminalPhase = (typeof TERMINAL_PHASES)[number];

/** Whether a MediaJob has come to such a phase. */
export const isTerminal = (phase: Phase | undefined): phase is TerminalPhase =>
  (TERMINAL_PHASES as readonly (Phase | undefined)[]).includes(phase);

const CONDITION_TYPES = [
  "Ready",
  "Reconciling",
  "Stalled",
  "Planned",
  "Admitted",
  "Complete",
  "Failed",
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** Characters that a URI in a status may have. */
export const URI_CHARACTERS = 2048;

const count = z.int().min(0);
const text = z.string().max(1024);
/** Run-length encoded letters, one per item: `12s1f3.`; 20 kB hold 10,000 items in the worst order. */
const ledger = z
  .string()
  .max(65_536)
  .regex(/^([0-9]+[a-z.])*$/);
const classNames = Object.keys(FAILURE_CLASSES) as [FailureClass, ...FailureClass[]];

const condition = z
  .strictObject({
    type: z
      .enum(CONDITION_TYPES)
      .describe("type of the condition: Ready, Reconciling, Stalled, Planned, Admitted, Complete or Failed."),
    status: z.enum(["True", "False", "Unknown"]).describe("status: True, False or Unknown."),
    observedGeneration: count
      .optional()
      .describe("observedGeneration is the metadata.generation the condition was set from."),
    lastTransitionTime: time.describe("lastTransitionTime is when status last changed."),
    reason: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
      .describe("reason in one CamelCase word, for programs."),
    message: z.string().max(4096).describe("message for people."),
  })
  .describe("One condition, as the Kubernetes API conventions describe.");
export type Condition = z.output<typeof condition>;

const outputStatus = z
  .strictObject({
    source: z.string().max(63).describe("source is the name of the source the output was made from."),
    output: z.string().max(63).describe("output is the name of the output in spec."),
    phase: z
      .enum(["Succeeded", "Skipped"])
      .describe("phase: Succeeded, or Skipped when the file existed already and was kept."),
    reused: z
      .boolean()
      .optional()
      .describe(
        "reused when it was not made again, since another MediaJob had made it from the same source, spec and engine, and it stands unchanged.",
      ),
    uri: z
      .string()
      .max(URI_CHARACTERS)
      .describe("uri of the file, e.g. volume://media/out/beach/thumb.webp."),
    bytes: count.optional().describe("bytes is the size of the file."),
    sha256: z.string().max(64).optional().describe("sha256 of the file, in hex."),
    format: z.string().max(63).optional().describe("format or codec that was verified."),
    width: count.optional().describe("width in pixels, as verified."),
    height: count.optional().describe("height in pixels, as verified."),
    durationSeconds: z.number().min(0).optional().describe("durationSeconds is the play time, as verified."),
  })
  .describe("One finished output.");
export type OutputStatus = z.output<typeof outputStatus>;

export const failureStatus = z
  .strictObject({
    unit: z.string().max(63).describe("unit that failed."),
    source: z.string().max(63).optional().describe("source that failed, where one did."),
    output: z.string().max(63).optional().describe("output that failed, where one did."),
    attempt: count.optional().describe("attempt that failed last, from 1."),
    class: z
      .enum(classNames)
      .describe("class decides whether another attempt can help: input and config never, the others may."),
    reason: z.string().max(128).describe("reason in one CamelCase word, for programs."),
    message: text.describe("message for people: what, where, why, and the way out."),
  })
  .describe("One failure that is final.");

export const warningStatus = z
  .strictObject({
    source: z.string().max(63).optional().describe("source it concerns."),
    output: z.string().max(63).optional().describe("output it concerns."),
    reason: z.string().max(128).describe("reason in one CamelCase word, for programs."),
    message: text.describe("message for people."),
  })
  .describe("Something odd that did not stop the work.");

export const failedAttempt = z
  .strictObject({
    unit: z.string().max(63).describe("unit it was an attempt at."),
    attempt: count.describe("attempt by number, from 1; from 101 after retryGeneration was raised once."),
    class: z.enum(classNames).describe("class of the failure; it decides what followed."),
    reason: z.string().max(128).describe("reason in one CamelCase word, for programs."),
    message: z.string().max(256).describe("message for people, cut to 256 characters."),
    exitCode: z.int().optional().describe("exitCode of the worker, where it ran."),
    node: z.string().max(253).optional().describe("node it ran on."),
    endTime: time.optional().describe("endTime of the attempt."),
    cpuSeconds: z.number().min(0).optional().describe("cpuSeconds it used."),
    peakMemoryBytes: count.optional().describe("peakMemoryBytes it used."),
  })
  .describe("One attempt that failed.");
export type FailedAttempt = z.output<typeof failedAttempt>;

export const transition = z
  .strictObject({
    time: time.describe("time of the transition."),
    from: z.enum(PHASES).optional().describe("from is the phase before; unset for the first."),
    to: z.enum(PHASES).describe("to is the phase after."),
    reason: z
      .string()
      .max(128)
      .describe("reason in one CamelCase word, for programs: that of the phase, or Resumed or Retried."),
  })
  .describe("One transition from a phase to another.");
export type Transition = z.output<typeof transition>;

const pendingFields = {
  id: z
    .string()
    .max(128)
    .describe("id is the `webhook-id`; the same for every try, so receivers can drop repeats."),
  type: z.string().max(63).describe("type of the event, e.g. job.completed."),
  sequence: count.describe(
    "sequence rises with every event of the MediaJob; an endpoint that does not get all of them sees gaps.",
  ),
  time: time.describe("time of what the event tells of."),
  phase: z.enum(PHASES).describe("phase of the MediaJob then."),
  message: text.optional().describe("message for people."),
  progress: z
    .strictObject({
      percent: z.number().min(0).max(100).describe("percent of the estimated work that was done."),
      stage: z.string().max(63).optional().describe("stage of the unit that reported last."),
      etaSeconds: count.optional().describe("etaSeconds until the end, estimated."),
    })
    .optional()
    .describe("progress, of job.progress."),
  unit: z
    .strictObject({
      name: z.string().max(63).describe("name of the unit."),
      attempt: count.optional().describe("attempt it is about, by number."),
      class: z.enum(classNames).optional().describe("class of the failure."),
      reason: z.string().max(128).optional().describe("reason of the failure in one CamelCase word."),
      retryTime: time.optional().describe("retryTime is when the next attempt may start."),
    })
    .optional()
    .describe("unit, of unit.failed, unit.retrying and output.ready."),
  outputs: z
    .array(outputStatus)
    .max(5)
    .optional()
    .describe("outputs, of output.ready, the first of the unit."),
  outputCount: count.optional().describe("outputCount of the unit, of output.ready."),
};

const pendingDelivery = z
  .strictObject(pendingFields)
  .describe("An event that has not been acknowledged yet.");
export type PendingDelivery = z.output<typeof pendingDelivery>;

const undeliveredEvent = z
  .strictObject({ ...pendingFields, error: z.string().max(256).describe("error of the last try.") })
  .describe("An event that was given up.");
export type UndeliveredEvent = z.output<typeof undeliveredEvent>;

const deliveryTry = z
  .strictObject({
    id: z.string().max(128).describe("id of the event."),
    type: z.string().max(63).describe("type of the event."),
    time: time.describe("time at which it was sent."),
    code: z.int().optional().describe("code is the HTTP status that came back; unset when none did."),
    latencyMs: count.describe("latencyMs until it was answered, or failed."),
    error: z.string().max(256).optional().describe("error, when it was not accepted."),
  })
  .describe("One try to deliver an event.");
export type DeliveryTry = z.output<typeof deliveryTry>;

const webhookStatus = z
  .strictObject({
    name: z
      .string()
      .max(63)
      .describe("name of the endpoint in spec; operator/NAME for one of the operator's configuration."),
    pending: z
      .array(pendingDelivery)
      .max(50)
      .default([])
      .describe("pending events in order; the first is being delivered."),
    delivered: count.default(0).describe("delivered events so far."),
    deadLetters: count
      .default(0)
      .describe(
        "deadLetters are events given up; raise spec.webhookReplayGeneration to send the listed ones again.",
      ),
    dropped: count
      .optional()
      .describe(
        "dropped events of progress, units and outputs: newer ones took their place, or too many waited.",
      ),
    undelivered: z
      .array(undeliveredEvent)
      .max(10)
      .optional()
      .describe("undelivered are the last 10 dead letters."),
    tries: z.array(deliveryTry).max(5).optional().describe("tries: the last 5, oldest first."),
    disabled: z
      .strictObject({
        time: time.describe("time at which it was disabled."),
        reason: z.string().max(128).describe("reason in one CamelCase word: Gone."),
        urlSha256: z
          .string()
          .max(64)
          .describe("urlSha256 is the SHA-256 of the URL that was disabled, in hex."),
      })
      .optional()
      .describe(
        "disabled is set once the endpoint answered 410: its events wait until its URL changes or spec.webhookReplayGeneration is raised.",
      ),
    lastError: text.optional().describe("lastError is what the last failed try said."),
  })
  .describe("Deliveries to one endpoint.");
export type WebhookStatus = z.output<typeof webhookStatus>;

export const mediaJobStatus = z
  .strictObject({
    observedGeneration: count
      .optional()
      .describe("observedGeneration is the metadata.generation this status was computed from."),
    phase: z.enum(PHASES).optional().describe("phase in one word, derived from the conditions."),
    conditions: z
      .array(condition)
      .max(16)
      .optional()
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
      .describe("conditions, as the Kubernetes API conventions describe."),
    history: z
      .array(transition)
      .max(50)
      .optional()
      .describe("history of the phases: the last 50 transitions, oldest first."),
    startTime: time.optional().describe("startTime is when the first unit was started."),
    completionTime: time.optional().describe("completionTime is when the MediaJob reached its last phase."),
    progress: z
      .strictObject({
        percent: z
          .number()
          .min(0)
          .max(100)
          .describe(
            "percent of the estimated work that is done, 0 to 100, one decimal; falls only when spec.retryGeneration is raised, to what is done without the units that run again.",
          ),
        display: z.string().max(16).describe("display is percent for printer columns, e.g. 62%."),
        stage: z.string().max(63).optional().describe("stage of the unit that reported last."),
        etaSeconds: count.optional().describe("etaSeconds until the end, estimated; unset while unknown."),
        etaMaxSeconds: count
          .optional()
          .describe("etaMaxSeconds until the end at the latest, estimated; set while that is much later."),
      })
      .optional()
      .describe("progress over all units, weighted by their estimated time."),
    sources: z
      .strictObject({
        total: count.describe("total sources."),
        succeeded: count.describe("succeeded sources have all their outputs."),
        failed: count.describe("failed sources lack at least one output for good."),
        ledger: ledger.describe(
          "ledger marks each source in the order of spec, run-length encoded: f failed, . not. E.g. 3.1f.",
        ),
      })
      .optional()
      .describe("sources counted by result."),
    units: z
      .strictObject({
        total: count.describe(
          "total units in the plan, the one that finalizes included; more follow once sources are probed.",
        ),
        pending: count.describe("pending units have not started, or wait for another attempt."),
        running: count.describe("running units have a Job."),
        succeeded: count.describe("succeeded units."),
        failed: count.describe("failed units are out of attempts."),
        cancelled: count.describe("cancelled units never ran or were stopped."),
        ledger: ledger.describe(
          "ledger holds the result of each unit in the order of the plan, run-length encoded: s succeeded, p succeeded in part, f failed, c cancelled, h held until spec.retryGeneration is raised, . not ended. E.g. 12s1f3. (twelve succeeded, one failed, three to come). One that probes or finalizes makes no output: that it failed is a warning, and the phase may be Succeeded.",
        ),
        done: z.string().max(32).describe("done is finished/total for printer columns, e.g. 3/4."),
      })
      .optional()
      .describe("units of work counted by state."),
    queue: z
      .strictObject({
        position: count.optional().describe("position among the waiting MediaJobs, from 1."),
        reason: z.string().max(128).describe("reason in one CamelCase word why units wait."),
        message: text.optional().describe("message for people."),
      })
      .optional()
      .describe("queue says why units wait; unset when none does."),
    outputs: z.array(outputStatus).max(100).optional().describe("outputs finished so far, the first 100."),
    reusedOutputs: count
      .optional()
      .describe(
        "reusedOutputs are files that were not made again, since another MediaJob had made them from the same source, spec and engine, and they stand unchanged.",
      ),
    failures: z.array(failureStatus).max(20).optional().describe("failures that are final, the first 20."),
    attempts: z.array(failedAttempt).max(20).optional().describe("attempts that failed, the last 20."),
    warnings: z.array(warningStatus).max(20).optional().describe("warnings, the first 20."),
    usage: z
      .strictObject({
        cpuSeconds: z.number().min(0).describe("cpuSeconds over all attempts at the units that have ended."),
        gpuSeconds: z.number().min(0).describe("gpuSeconds over all of these attempts that held a GPU."),
        peakMemoryBytes: count.describe("peakMemoryBytes of the largest attempt."),
        bytesIn: count.describe("bytesIn read from sources."),
        bytesOut: count.describe("bytesOut written as outputs."),
      })
      .optional()
      .describe("usage as measured by the workers; one that was killed could tell of none."),
    retryGeneration: count.optional().describe("retryGeneration that was acted on last."),
    reportUri: z
      .string()
      .max(URI_CHARACTERS)
      .optional()
      .describe("reportUri of the full report at the destination."),
    eventSequence: count.optional().describe("eventSequence of the last event told to webhooks."),
    webhookReplayGeneration: count.optional().describe("webhookReplayGeneration that was acted on last."),
    webhooks: z
      .array(webhookStatus)
      .max(15)
      .optional()
      .meta(keyedByName)
      .describe("webhooks: deliveries by endpoint."),
  })
  .describe("status is what the operator observed; it is never edited by hand.");

export type MediaJobStatus = z.output<typeof mediaJobStatus>;
