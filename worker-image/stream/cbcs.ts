import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { arch, platform } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineContext } from "../engine.ts";
import { WorkFailure } from "../work-failure.ts";

/**
 * Encrypts samples by the scheme `cbcs` of ISO/IEC 23001-7 with shaka-packager: ffmpeg's muxer knows only
 * `cenc-aes-ctr`, which Apple's players do not take, and cbcs has to know where in each codec's slices the
 * headers end. Files go in and come out as single CMAF files with an index, cut where they were cut before. Until that
 * index is known it keeps each of them whole, beside the others: scratch has no room for a film.
 */
export async function encryptSamples(
  tracks: readonly { kind: "video" | "audio"; path: string; target: string }[],
  work: { key: Buffer; keyId: string; segmentSeconds: number; context: EngineContext },
): Promise<void> {
  const { key, keyId, segmentSeconds, context } = work;
  const directory = context.stagingDir;
  const flagsFile = join(context.scratchDir, "packager-flags");
  const list = [
    // Commas and equals signs separate the words of these, so paths are given from the directory they lie in.
    ...tracks.map(
      ({ kind, path, target }) =>
        `in=${relative(directory, path)},stream=${kind},output=${relative(directory, target)}`,
    ),
    ...["--protection_scheme", "cbcs", "--clear_lead", "0", "--segment_duration", `${segmentSeconds}`],
    ...["--enable_raw_key_encryption", "--temp_dir", directory, "--quiet"],
    ...["--flagfile", flagsFile],
  ];
  // The key is in a file of this attempt alone: arguments are shown to every process of the pod.
  await writeFile(flagsFile, `--keys=label=:key_id=${keyId}:key=${key.toString("hex")}\n`, { mode: 0o600 });
  try {
    await run(list, { directory, context });
  } finally {
    await rm(flagsFile, { force: true });
  }
}

function run(
  list: string[],
  { directory, context }: { directory: string; context: EngineContext },
): Promise<void> {
  return new Promise((settle, fail) => {
    const child = execFile(
      program(),
      list,
      { cwd: directory, signal: context.signal, maxBuffer: 2 ** 20 },
      (error, _, log) => {
        if (context.signal.aborted) fail(context.signal.reason);
        else if (!error) settle();
        else if (error.code === "ENOENT") fail(missing());
        else fail(new WorkFailure("EngineFailed", `shaka-packager: ${lastLine(log) || error.message}`));
      },
    );
    if (child.pid !== undefined) context.watchChild(child.pid);
  });
}

/** The program in the npm package, which holds one for each platform. */
function program(): string {
  try {
    const home = dirname(fileURLToPath(import.meta.resolve("shaka-packager/package.json")));
    const system = platform() === "darwin" ? "osx" : platform();
    return join(home, "bin", `packager-${system}-${arch()}`);
  } catch {
    throw missing();
  }
}

const missing = (): WorkFailure =>
  new WorkFailure(
    "EncoderMissing",
    "shaka-packager, which encrypts by cbcs, is not there; install the npm package shaka-packager beside the worker, or take AES-128",
  );

/** What it wrote last, without the place in its own source. */
const lastLine = (log: string): string =>
  (log.trim().split("\n").at(-1) ?? "").replace(/^.*?\] /, "").slice(0, 300);
