import { z } from "zod";
import { TERMINAL_PHASES, transition, warningStatus } from "./media-job-status.ts";
import { failure, madeOutput, usage } from "./result.ts";

/**
 * The report of a MediaJob, `NAME.report.json` at its destination: all that is known when its last unit runs.
 * `crds/report.schema.json` is generated from it. Times are RFC 3339, sizes bytes, durations seconds.
 */

/** What an engine said before it failed: the last lines of its log, without secrets. */
export const diagnostic = z.object({
  source: z.string().optional(),
  output: z.string().optional(),
  reason: z.string(),
  log: z.array(z.string()),
});
export type Diagnostic = z.output<typeof diagnostic>;

const attempt = z.object({
  attempt: z.int().describe("attempt by number, from 1; from 101 after retryGeneration was raised once."),
  result: z
    .enum(["Succeeded", "PartiallySucceeded", "Failed"])
    .describe("result of this attempt; what failed may have been tried again."),
  startTime: z.string().optional().describe("startTime of the worker."),
  endTime: z.string().optional().describe("endTime of the worker."),
  failure: failure.optional().describe("failure that ended the attempt."),
  failures: z.array(failure).describe("failures of single sources and outputs."),
  exitCode: z.int().optional().describe("exitCode, where no manifest was left and the cluster told it."),
  node: z.string().optional().describe("node it ran on, where no manifest was left."),
  limits: z
    .object({ cpu: z.number(), memoryBytes: z.int(), scratchBytes: z.int() })
    .optional()
    .describe("limits it was given."),
  usage: usage.optional().describe("usage as the worker measured it."),
  engine: z.record(z.string(), z.string()).optional().describe("engine: versions of the programs."),
  sources: z
    .array(z.object({ name: z.string(), bytes: z.int(), identity: z.string() }))
    .describe("sources it opened; identity changes when the content does."),
  records: z
    .array(z.record(z.string(), z.unknown()))
    .describe("records of the engine: arguments and measurements."),
  diagnostics: z
    .array(diagnostic)
    .describe("diagnostics: the last lines of the engine's log of what failed, without secrets."),
  manifestUri: z.string().optional().describe("manifestUri; unset where no manifest was left."),
});

const unit = z.object({
  name: z.string().describe("name of the unit."),
  family: z.string().describe("family of its outputs."),
  result: z
    .enum([...TERMINAL_PHASES, "Unknown"])
    .describe("result; Unknown when it left no manifest and the report was told of too many units."),
  sources: z
    .array(z.string())
    .describe("sources by name; of a unit that never ran, or left no manifest, the first ten."),
  sourceCount: z
    .int()
    .optional()
    .describe("sourceCount: how many sources it has, set where there are more than are named."),
  outputs: z.array(z.string()).describe("outputs by name."),
  pool: z.string().optional().describe("pool it ran in last."),
  estimatedSeconds: z.number().optional().describe("estimatedSeconds of the plan."),
  attempts: z.array(attempt).describe("attempts that are known, oldest first."),
});

export const report = z
  .object({
    version: z.literal("v1"),
    generatedTime: z.string().describe("generatedTime is when the report was written."),
    job: z.object({
      namespace: z.string(),
      name: z.string(),
      uid: z.string(),
      generation: z.int().optional(),
      retryGeneration: z.int(),
      createdTime: z.string().optional(),
      startTime: z.string().optional(),
      durationSeconds: z.number().optional().describe("durationSeconds from startTime to the report."),
    }),
    outcome: z.object({
      phase: z.enum(TERMINAL_PHASES),
      reason: z.string(),
      message: z.string(),
    }),
    counts: z.object({
      units: z.object({ total: z.int(), succeeded: z.int(), failed: z.int(), cancelled: z.int() }),
      outputs: z
        .object({ succeeded: z.int(), skipped: z.int(), reused: z.int(), failed: z.int() })
        .describe(
          "outputs: files that were made; files that stood already, of which reused were made by another MediaJob; failures.",
        ),
      warnings: z.int(),
    }),
    usage: usage.describe("usage over all attempts that left a manifest; peakMemoryBytes of the largest."),
    spec: z
      .record(z.string(), z.unknown())
      .describe("spec of the MediaJob; without sources where they are too many, units name them."),
    units: z.array(unit).describe("units of the plan, and what became of each."),
    outputs: z
      .array(z.object({ ...madeOutput.shape, unit: z.string(), attempt: z.int() }))
      .describe("outputs: every file at the destination, with its hash and what was verified of it."),
    failures: z
      .array(z.object({ ...failure.shape, unit: z.string(), attempt: z.int().optional() }))
      .describe("failures that are final."),
    warnings: z.array(z.object({ ...warningStatus.shape, unit: z.string().optional() })),
    history: z.array(z.object(transition.shape)).describe("history of the phases, oldest first."),
    leftOut: z
      .object({ units: z.int() })
      .optional()
      .describe("leftOut: units that did not succeed and that the report was not told of, for their number."),
  })
  .describe("The report of a MediaJob.");

export type Report = z.output<typeof report>;
