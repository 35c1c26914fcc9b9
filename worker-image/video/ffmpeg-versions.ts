import { execFile } from "node:child_process";
import { promisify } from "node:util";

let versions: Promise<Record<string, string>> | undefined;

/** ffmpeg's version; with a distribution's suffix it also tells that of its encoders. Asked once a process. */
export function ffmpegVersions(): Promise<Record<string, string>> {
  versions ??= promisify(execFile)(process.env.FFMPEG_PATH || "ffmpeg", ["-version"]).then(
    ({ stdout }) => ({ ffmpeg: /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? "unknown" }),
    () => ({ ffmpeg: "missing" }),
  );
  return versions;
}
