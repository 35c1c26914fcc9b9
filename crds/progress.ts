import { z } from "zod";

/**
 * What a worker reports while it runs, at most once a second. A view only: losing, repeating or
 * reordering messages changes no result.
 */
export const progressMessage = z.object({
  job: z.object({ namespace: z.string().max(63), name: z.string().max(253), uid: z.string().max(64) }),
  unit: z.string().max(63),
  attempt: z.int().min(1),
  /** Rises by 1 with every message of an attempt; lower ones that come late are dropped. */
  sequence: z.int().min(0),
  /** What is being done, e.g. `resizing`, `video`. */
  stage: z.string().max(63),
  /** Share of the unit that is done, 0 to 1. */
  fraction: z.number().min(0).max(1),
  outputsDone: z.int().min(0).optional(),
  outputsTotal: z.int().min(0).optional(),
  /** Media time that has been written, in seconds. */
  mediaSeconds: z.number().min(0).optional(),
  /** Media seconds per second of work. */
  speed: z.number().min(0).optional(),
});
export type ProgressMessage = z.output<typeof progressMessage>;
