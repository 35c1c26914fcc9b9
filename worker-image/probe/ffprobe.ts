import { spawn } from "node:child_process";
import { z } from "zod";
import { explainLog } from "./log-reading.ts";
import { MediaFailure } from "./media-failure.ts";
import { inputArguments } from "./media-input.ts";

/** A number that ffprobe writes as text, and leaves out or writes as `N/A` when it does not know. */
const numeric = z
  .union([z.string(), z.number()])
  .optional()
  .transform((value) => {
    const number = value === undefined || value === "" ? Number.NaN : Number(value);
    return Number.isFinite(number) ? number : undefined;
  });

/** Matroska writes names in capitals, QuickTime and ffmpeg in small letters. */
const tags = z
  .record(z.string(), z.string())
  .default({})
  .transform((all) =>
    Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toLowerCase(), value])),
  );

const sideData = z.looseObject({
  side_data_type: z.string().optional(),
  rotation: numeric,
  dv_profile: numeric,
  max_content: numeric,
  max_average: numeric,
});

const stream = z.object({
  index: z.int(),
  codec_type: z.string().default("unknown"),
  codec_name: z.string().optional(),
  codec_long_name: z.string().optional(),
  codec_tag_string: z.string().optional(),
  profile: z.string().optional(),
  level: numeric,
  width: numeric,
  height: numeric,
  sample_aspect_ratio: z.string().optional(),
  display_aspect_ratio: z.string().optional(),
  pix_fmt: z.string().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_transfer: z.string().optional(),
  color_primaries: z.string().optional(),
  chroma_location: z.string().optional(),
  field_order: z.string().optional(),
  r_frame_rate: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  time_base: z.string().optional(),
  start_time: numeric,
  duration: numeric,
  bit_rate: numeric,
  bits_per_raw_sample: numeric,
  nb_frames: numeric,
  has_b_frames: numeric,
  sample_fmt: z.string().optional(),
  sample_rate: numeric,
  channels: numeric,
  channel_layout: z.string().optional(),
  disposition: z.record(z.string(), z.number()).default({}),
  tags,
  side_data_list: z.array(sideData).default([]),
});

const frame = z.object({
  stream_index: z.number().optional(),
  pix_fmt: z.string().optional(),
  interlaced_frame: z.number().default(0),
  top_field_first: z.number().default(0),
  color_transfer: z.string().optional(),
  color_primaries: z.string().optional(),
  color_space: z.string().optional(),
  color_range: z.string().optional(),
  side_data_list: z.array(sideData).default([]),
});

const packet = z.object({
  pts_time: numeric,
  dts_time: numeric,
  duration_time: numeric,
  flags: z.string().default(""),
});

const chapter = z.object({ start_time: numeric, end_time: numeric, tags });

/** What ffprobe writes with `-print_format json`; what it does not know is absent. */
export const ffprobeJson = z.object({
  streams: z.array(stream).default([]),
  frames: z.array(frame).default([]),
  packets: z.array(packet).default([]),
  chapters: z.array(chapter).default([]),
  format: z
    .object({
      format_name: z.string().optional(),
      format_long_name: z.string().optional(),
      start_time: numeric,
      duration: numeric,
      size: numeric,
      bit_rate: numeric,
      tags,
    })
    .optional(),
  error: z.object({ code: z.number(), string: z.string() }).optional(),
});
export type FfprobeJson = z.output<typeof ffprobeJson>;
export type FfprobeStream = z.output<typeof stream>;
export type FfprobePacket = z.output<typeof packet>;

/** What one run of ffprobe found: its JSON, and what it wrote about the file, one line each. */
export interface FfprobeAnswer {
  json: FfprobeJson;
  log: string[];
}

/** A few frames are decoded; ffprobe would start a thread for each core of the node. */
const ONE_THREAD = ["-threads", "1"];

/** ffprobe reads a few megabytes; what takes longer hangs on its storage. */
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** Of one block: a picture of 8192 × 8192 takes half of it, and what an index is forged to ask for may be anything. */
const MAX_ALLOC_BYTES = 2 ** 30;
const MAX_LOG_LINES = 50;
const MAX_LOG_CHARACTERS = 64 * 1024;

/**
 * Runs ffprobe on a local file with `sections` as its output options. A file it cannot read is an answer
 * (`json.error`), not an exception.
 *
 * @throws MediaFailure EncoderMissing without ffprobe, Stalled without an answer: nothing is said of the file.
 */
export async function ffprobe(
  path: string,
  { sections, signal }: { sections: readonly string[]; signal?: AbortSignal | undefined },
): Promise<FfprobeAnswer> {
  const chunks: Buffer[] = [];
  const list = [
    "-print_format",
    "json",
    "-show_error",
    ...sections,
    ...inputArguments(path, { options: ONE_THREAD }),
  ];
  const log = await run(list, {
    signal,
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    onOutput: (chunk) => chunks.push(chunk),
  });
  try {
    return { json: ffprobeJson.parse(JSON.parse(Buffer.concat(chunks).toString("utf8"))), log };
  } catch (error) {
    const reading = explainLog(log); // a frame above the pixel limit ends ffprobe in mid-sentence
    if (reading) throw new MediaFailure(reading.reason, reading.sentence, log);
    throw new MediaFailure("EngineFailed", `ffprobe gave no readable answer: ${error}`, log);
  }
}

/**
 * Runs ffprobe with fields written as lines, which are handed on one by one: a film's packets as JSON would
 * take a gigabyte. No time limit but the signal, since all of a file may be read.
 */
export async function ffprobeLines(
  path: string,
  {
    sections,
    signal,
    onLine,
  }: { sections: readonly string[]; signal?: AbortSignal | undefined; onLine: (line: string) => void },
): Promise<void> {
  let rest = "";
  await run(["-print_format", "csv=print_section=0", ...sections, ...inputArguments(path)], {
    signal,
    onOutput: (chunk) => {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    },
  });
}

interface ProbeRun {
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  maxOutputBytes?: number;
  onOutput: (chunk: Buffer) => void;
}

function run(list: readonly string[], limits: ProbeRun): Promise<string[]> {
  const { signal, timeoutMs, maxOutputBytes = Number.POSITIVE_INFINITY, onOutput } = limits;
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.env.FFPROBE_PATH || "ffprobe",
      ["-v", "level+error", "-hide_banner", "-max_alloc", `${MAX_ALLOC_BYTES}`, ...list],
      {
        stdio: ["ignore", "pipe", "pipe"],
        killSignal: "SIGKILL",
        ...(timeoutMs !== undefined && { timeout: timeoutMs }),
        ...(signal && { signal }),
      },
    );
    let bytes = 0;
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxOutputBytes) onOutput(chunk);
      else child.kill("SIGKILL");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < MAX_LOG_CHARACTERS) stderr += text;
    });
    child.on("error", (error) =>
      reject(
        (error as NodeJS.ErrnoException).code === "ENOENT"
          ? new MediaFailure("EncoderMissing", "ffprobe was not found; install ffmpeg or set FFPROBE_PATH")
          : error,
      ),
    );
    child.on("close", (_, ended) => {
      if (ended === null) resolve(stderr.split("\n").filter(Boolean).slice(0, MAX_LOG_LINES));
      else {
        const why =
          bytes > maxOutputBytes ? "wrote too much" : `did not end within ${(timeoutMs ?? 0) / 1000} s`;
        reject(new MediaFailure("Stalled", `ffprobe ${why} and was stopped (${ended})`));
      }
    });
  });
}
