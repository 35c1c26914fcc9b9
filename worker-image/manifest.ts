import { z } from "zod";
import { diagnostic } from "../crds/report.ts";
import { unitResult } from "../crds/result.ts";

/**
 * What an attempt leaves at the destination, `.mediajob/<uid>/<unit>-a<attempt>.json`: its whole result, and how it
 * came about. The report is made of these, also by a worker of another version: fields are added, never changed.
 */
export const manifest = unitResult.extend({
  job: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  /** RFC 3339. */
  startTime: z.string().optional(),
  /** When the engine was loaded and the destination open; what comes before is start-up. */
  readyTime: z.string().optional(),
  endTime: z.string().optional(),
  /** Names. */
  wanted: z.object({ sources: z.array(z.string()), outputs: z.array(z.string()) }).optional(),
  planned: z.object({ pool: z.string(), seconds: z.number() }).optional(),
  limits: z.object({ cpu: z.number(), memoryBytes: z.int(), scratchBytes: z.int() }).optional(),
  engine: z.object({ family: z.string(), versions: z.record(z.string(), z.string()) }),
  /** Those that were opened. */
  sources: z.array(z.object({ name: z.string(), bytes: z.int(), identity: z.string() })),
  /** Of the engine: arguments and measurements. */
  records: z.array(z.record(z.string(), z.unknown())),
  diagnostics: z.array(diagnostic).default([]),
});
export type Manifest = z.output<typeof manifest>;
