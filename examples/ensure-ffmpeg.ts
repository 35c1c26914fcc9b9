import { execFileSync, spawnSync } from "node:child_process";

const INSTALL = "apt-get install -y --no-install-recommends ffmpeg";

/**
 * Makes sure that ffmpeg and ffprobe can be run: installs Debian's when they are missing and this is root on
 * Debian.
 *
 * @throws Error with the one command that installs them otherwise.
 */
export function ensureFfmpeg(): void {
  if (isThere("ffmpeg") && isThere("ffprobe")) return;
  if (process.getuid?.() !== 0 || !isThere("apt-get", "--version")) {
    throw new Error(
      `ffmpeg and ffprobe are needed and not on the PATH. On Debian and Ubuntu: sudo ${INSTALL}`,
    );
  }
  process.stderr.write(`ffmpeg is missing; installing Debian's: ${INSTALL}\n`);
  const options = {
    stdio: ["ignore", "ignore", "inherit"] as const,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  execFileSync("apt-get", ["update", "-q"], { ...options, stdio: [...options.stdio] });
  execFileSync("sh", ["-c", INSTALL], { ...options, stdio: [...options.stdio] });
}

const isThere = (program: string, flag = "-version"): boolean =>
  spawnSync(program, [flag], { stdio: "ignore" }).error === undefined;
