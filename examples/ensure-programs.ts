import { execFileSync, spawnSync } from "node:child_process";

/** Programs that are not npm packages, each with Debian's package and an argument that lets it say its version. */
const PROGRAMS = {
  ffmpeg: { package: "ffmpeg", flag: "-version" },
  ffprobe: { package: "ffmpeg", flag: "-version" },
  chromium: { package: "chromium", flag: "--version" },
  "heif-convert": { package: "libheif-examples", flag: "--help" },
  "heif-enc": { package: "libheif-examples", flag: "--help" },
  prometheus: { package: "prometheus", flag: "--version" },
  promtool: { package: "prometheus", flag: "--version" },
  avifenc: { package: "libavif-bin", flag: "--version" },
  avifdec: { package: "libavif-bin", flag: "--version" },
  exiftool: { package: "libimage-exiftool-perl", flag: "-ver" },
} as const;

/**
 * Makes sure that programs can be run: says what it installs, and installs Debian's packages, when some are
 * missing and this is root on Debian.
 *
 * @throws Error with the one command that installs them otherwise.
 */
export function ensurePrograms(...names: (keyof typeof PROGRAMS)[]): void {
  const missing = names.filter((name) => !isThere(name, PROGRAMS[name].flag));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => PROGRAMS[name].package))];
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
  if (process.getuid?.() !== 0 || !isThere("apt-get", "--version")) {
    throw new Error(
      `${missing.join(" and ")} must be on the PATH. On Debian and Ubuntu: sudo ${install.join(" ")}`,
    );
  }
  process.stderr.write(`${missing.join(" and ")} missing; installing Debian's: ${install.join(" ")}\n`);
  for (const [program = "", ...args] of [["apt-get", "update", "-q"], install]) {
    execFileSync(program, args, {
      stdio: ["ignore", "ignore", "inherit"],
      // The runlevel of maintenance: no package starts a service of its own.
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    });
  }
}

const isThere = (program: string, flag: string): boolean =>
  spawnSync(program, [flag], { stdio: "ignore" }).error === undefined;
