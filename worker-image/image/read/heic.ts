import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Metadata } from "sharp";
import { WorkFailure } from "../../work-failure.ts";
import { Admission } from "../memory/admission.ts";
import { cpuLimit, tookTooLong } from "./time-limit.ts";

/**
 * HEIC is HEVC, which the libvips that comes with sharp cannot decode; Debian's libheif can. Its program makes a
 * PNG, without loss, upright and with the profile; sharp goes on from there.
 */

const PROGRAM = "heif-convert";
const SECONDS_MAX = 120;

/** What the program and its libraries take at rest, and for every pixel: decoder, colours, PNG. */
const AT_REST_BYTES = 512 * 2 ** 20;
const BYTES_PER_PIXEL = 32;

/** A PNG is seldom half of that. */
const SCRATCH_BYTES_PER_PIXEL = 4;

/** One at a time: each leaves its pictures on the scratch disk until they have been read. */
const turns = new Admission({ budgetBytes: 0, inFlightMax: 1 });

const run = promisify(execFile);

/**
 * The primary picture of a HEIC file as PNG. `path` is one that begins with neither `-` nor a protocol.
 *
 * @throws WorkFailure UnsupportedFormat where the program is missing, SourceTooLarge, and what the program says
 *   of a file that it cannot decode, as Error.
 */
export async function heicToPng(
  path: string,
  {
    what,
    header,
    scratchDir,
    scratchBytes,
  }: { what: string; header: Metadata; scratchDir: string; scratchBytes: number },
): Promise<Buffer> {
  const pages = header.pages ?? 1;
  const pixels = header.width * header.height;
  if (pixels * pages * SCRATCH_BYTES_PER_PIXEL > scratchBytes) {
    throw new WorkFailure(
      "SourceTooLarge",
      `${what} is HEIC of ${pages} × ${header.width} × ${header.height} pixels; as PNG they may not fit into the unit's ${scratchBytes} bytes of scratch disk`,
    );
  }
  return await turns.run(0, async () => {
    const stem = join(scratchDir, randomUUID());
    const made = [
      `${stem}.png`,
      ...Array.from({ length: pages }, (_, page) => `${stem}-${page + 1}.png`),
    ] as const;
    try {
      await run(
        "prlimit",
        [
          `--as=${AT_REST_BYTES + pixels * BYTES_PER_PIXEL}`,
          cpuLimit(SECONDS_MAX),
          ...[PROGRAM, "--quiet", path, made[0]],
        ],
        { timeout: SECONDS_MAX * 1000, killSignal: "SIGKILL" },
      );
      // Of several pictures each gets a number, from 1.
      return await readFile((pages > 1 && made[(header.pagePrimary ?? 0) + 1]) || made[0]);
    } catch (error) {
      throw isMissing(error) ? withoutDecoder(what) : told(error);
    } finally {
      for (const file of made) await rm(file, { force: true });
    }
  });
}

/** prlimit says with 127 that it found no such program, the operating system with ENOENT that there is no prlimit. */
const isMissing = (error: unknown): boolean => {
  const { code, path } = error as { code?: unknown; path?: string };
  return code === 127 || (code === "ENOENT" && path === "prlimit");
};

const withoutDecoder = (what: string) =>
  new WorkFailure(
    "UnsupportedFormat",
    `${what} is HEIC, and this worker has no decoder for it: ${PROGRAM} of Debian's libheif-examples is missing; use the image that Dockerfile.worker builds, or convert the source to JPEG`,
  );

/** The program's own words in place of the command line that failed. */
function told(error: unknown): Error {
  const program = error as { stderr?: string; killed?: boolean; signal?: string; message: string };
  const words = tookTooLong(program)
    ? `timeout after ${SECONDS_MAX} s`
    : program.stderr?.trim() || program.message;
  return new Error(words, { cause: error });
}
