import { z } from "zod";
import { destination } from "./destination.ts";
import { finalize } from "./finalize.ts";
import { FAMILIES, output } from "./outputs/output.ts";
import { source } from "./source.ts";

/** ffmpeg's families of hardware encoders: NVIDIA, Intel and AMD by VA-API, Intel by Quick Sync. */
export const HARDWARE_ENCODERS = ["nvenc", "vaapi", "qsv"] as const;
export type HardwareEncoder = (typeof HARDWARE_ENCODERS)[number];

/** The codecs that hardware has encoders for. */
const HARDWARE_CODECS = ["h264", "h265", "av1"] as const;
export type HardwareCodec = (typeof HARDWARE_CODECS)[number];

/** Whether hardware may encode a codec. */
export const isHardwareCodec = (codec: string): codec is HardwareCodec =>
  (HARDWARE_CODECS as readonly string[]).includes(codec);

/**
 * What a unit may be of: a family of outputs; probe, which measures sources so that the rest can be planned by them;
 * or finalize, which runs last, cleans up and writes the report.
 */
const UNIT_FAMILIES = [...FAMILIES, "probe", "finalize"] as const;
export type UnitFamily = (typeof UNIT_FAMILIES)[number];

/**
 * The unit contract: everything a worker needs to know to do one unit of work, as JSON. It is written by
 * the operator and read by the worker, which may be of another version: fields are added, never changed.
 */
export const unit = z
  .object({
    version: z.literal("v1"),
    job: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
    /** Name of the unit within its MediaJob, e.g. `image-0`. */
    name: z.string().max(63),
    /** From 1. A newer attempt supersedes an older one. */
    attempt: z.int().min(1),
    family: z.enum(UNIT_FAMILIES),
    /** Every source is turned into every output. A unit that probes has no outputs, one that finalizes neither. */
    sources: z.array(source),
    outputs: z.array(output),
    /** Further sources that the outputs name, such as what is appended. Nothing is made of these by themselves. */
    companions: z.array(source).optional(),
    destination,
    /** What fills `{index}`, by the name of the source, and `{date}`; set where the destination's template has them. */
    tokens: z
      .object({ index: z.record(z.string(), z.string()).optional(), date: z.string().optional() })
      .optional(),
    /**
     * Set on a unit that makes one part of a long video: the frames whose time in the source is at or after
     * `startSeconds` and before `endSeconds` (the source's end when unset), without sound. The unit has one source
     * and one output, a video that may be cut or a stream, of which it makes every rung; see `cuttingOf`. The part is
     * kept under the MediaJob's private directory at the destination for the unit that joins; it is no output of its
     * own, so the result counts none.
     */
    part: z
      .object({
        index: z.int().min(0),
        count: z.int().min(2),
        startSeconds: z.number().min(0),
        endSeconds: z.number().positive().optional(),
      })
      .optional(),
    /**
     * Set on the unit that joins the parts of a long video and adds its sound, encoded whole. Its source and output
     * are those of the parts, and it publishes the output. It removes the parts once that is done; when one is
     * missing it fails with `PartMissing`.
     */
    join: z.object({ parts: z.int().min(2) }).optional(),
    /**
     * Set on the only unit of a MediaJob, which makes a video or a stream that may be cut: a source longer than this is
     * not made here. The unit then ends well at once, with nothing made, and its result tells the facts, from which
     * parts are planned.
     */
    wholeUpToSeconds: z.number().positive().optional(),
    /**
     * Set on the unit that runs last: once its own work is done, if it has any, it sweeps what the MediaJob's attempts
     * left behind and writes the report.
     */
    finalize: finalize.optional(),
    /** What the plan expected, for the report. */
    planned: z.object({ pool: z.string(), seconds: z.number() }).optional(),
    /** What the attempt has been given; the worker keeps within it. */
    limits: z.object({
      /** Cores; may be fractional. Sets threads and images in flight. */
      cpu: z.number().positive(),
      memoryBytes: z.int().positive(),
      scratchBytes: z.int().positive(),
      timeoutSeconds: z.int().positive(),
      /**
       * The family of hardware encoders to use for h264, h265 and av1, where the pool has one; software when unset,
       * and for all that the hardware cannot do. Hardware that is missing or fails ends the attempt with the class
       * `hardware`; the next attempt leaves this unset.
       */
      encoder: z.enum(HARDWARE_ENCODERS).optional(),
      /** How long it may stand still, with neither progress nor use of a processor, before it ends itself. */
      stallSeconds: z.int().positive().default(300),
    }),
  })
  .refine(
    ({ family, sources, outputs }) =>
      (sources.length > 0 || family === "finalize") &&
      (outputs.length > 0 || family === "finalize" || family === "probe"),
    "has no sources, which only finalize may lack, or no outputs, which only finalize and probe may lack",
  );

export type Unit = z.output<typeof unit>;
