import { z } from "zod";
import {
  failedAttempt,
  failureStatus,
  TERMINAL_PHASES,
  transition,
  warningStatus,
} from "./media-job-status.ts";

export const REPORT_FORMATS = ["json", "csv", "txt"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/**
 * Most bytes of JSON that the long parts of `finalize` may have, each: it travels in an annotation, and those of a
 * pod may have 256 KiB in all.
 */
export const FINALIZE_BYTES = { spec: 64 * 1024, open: 48 * 1024 } as const;

const openUnit = z.object({
  name: z.string(),
  family: z.string(),
  result: z.enum(["PartiallySucceeded", "Failed", "Cancelled"]),
  /** Names of the first ten. */
  sources: z.array(z.string()),
  sourceCount: z.int(),
  outputs: z.array(z.string()),
  estimatedSeconds: z.number(),
});
export type OpenUnit = z.output<typeof openUnit>;

/**
 * What the unit that runs last is told for the report: all that only the operator knows, because no manifest at the
 * destination says it. It is bounded, and what was left out is counted.
 */
export const finalize = z.object({
  /** Private directories of attempts up to this number are swept; higher ones are of a later retryGeneration. */
  sweepToAttempt: z.int(),
  /** Formats of the report; none is written when empty, and nothing that follows is set. */
  formats: z.array(z.enum(REPORT_FORMATS)).default([]),
  /** What the MediaJob comes to. Unset on the only unit of a MediaJob, which finds out itself. */
  outcome: z.object({ phase: z.enum(TERMINAL_PHASES), reason: z.string(), message: z.string() }).optional(),
  generation: z.int().optional(),
  retryGeneration: z.int().optional(),
  createdTime: z.string().optional(),
  startTime: z.string().optional(),
  /** The MediaJob's spec, without `sources` when they are too many. */
  spec: z.record(z.string(), z.unknown()).optional(),
  /** Units of the plan, this one not counted where it has no work of its own. */
  unitCount: z.int().optional(),
  /** Units that did not succeed whole, and how many more there are than were told. */
  open: z.array(openUnit).default([]),
  openLeftOut: z.int().default(0),
  /** As in the status. */
  failures: z.array(z.object(failureStatus.shape)).default([]),
  warnings: z.array(z.object(warningStatus.shape)).default([]),
  attempts: z.array(z.object(failedAttempt.shape)).default([]),
  history: z.array(z.object(transition.shape)).default([]),
});
export type Finalize = z.output<typeof finalize>;
