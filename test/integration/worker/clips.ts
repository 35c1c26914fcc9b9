import { execFileSync } from "node:child_process";

/** Makes media with ffmpeg, for tests that need a file of a certain kind. */

/** Runs ffmpeg quietly; throws with its own words. */
export function ffmpeg(...list: string[]): void {
  execFileSync("ffmpeg", ["-v", "error", "-nostdin", "-y", ...list], { stdio: ["ignore", "ignore", "pipe"] });
}

/** Two seconds of a moving test picture with a tone, 320 × 180 at 25 fps, H.264 and AAC. */
export function clip(
  path: string,
  {
    size = "320x180",
    rate = "25",
    seconds = 2,
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"],
    audio = ["-c:a", "aac"],
    more = [],
  }: {
    size?: string;
    rate?: string;
    seconds?: number;
    video?: string[];
    audio?: string[];
    more?: string[];
  } = {},
): string {
  ffmpeg(
    ...["-f", "lavfi", "-i", `testsrc2=s=${size}:r=${rate}:d=${seconds}`],
    ...["-f", "lavfi", "-i", `sine=f=440:r=48000:d=${seconds}`],
    ...[...video, ...audio, ...more, "-shortest", path],
  );
  return path;
}

/** Structural similarity of two videos of equal size, 0 to 1. */
export function similarity(made: string, reference: string, referenceFilter = "null"): number {
  const text = execFileSync(
    "sh",
    [
      "-c",
      'ffmpeg -v info -nostdin -i "$1" -i "$2" -lavfi "[1:v]$3[r];[0:v][r]ssim" -f null - 2>&1',
      "sh",
      made,
      reference,
      referenceFilter,
    ],
    { encoding: "utf8" },
  );
  return Number(/All:([\d.]+)/.exec(text)?.[1]);
}

/** Integrated loudness in LUFS. */
export function integratedLufs(path: string): number {
  const text = execFileSync(
    "sh",
    ["-c", 'ffmpeg -v info -nostdin -i "$1" -map 0:a -af ebur128 -f null - 2>&1', "sh", path],
    {
      encoding: "utf8",
    },
  );
  return Number(/Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS/.exec(text)?.[1]);
}
