import { join } from "node:path";
import { inputArguments } from "../probe/media-input.ts";
import { runFfmpeg } from "../video/ffmpeg.ts";
import { anyOf, type Extraction, PNG, type TakenFrame, type Taking } from "./extraction.ts";
import { keyframesAt } from "./keyframes.ts";
import { type ShownFrame, shownFrames } from "./shown-frames.ts";

/**
 * Frames of a source without an index, read from its start: a seek in one lands between keyframes and finds the next of
 * them, or none at all. It is read twice, since which frame is the last before a time is known only after it.
 */

/** How far behind the last time reading goes on: further than keyframes of any broadcast are apart. */
const BEHIND_SECONDS = 30;

/** Takes the last frame, or keyframe, at or before each time; the first one for times before it. */
export async function takeFromTheStart(extraction: Extraction, run: Taking): Promise<TakenFrame[]> {
  const { seconds, directory, shown = await listShown(extraction, run) } = extraction;
  const wanted = keyframesAt(
    shown.map(({ seconds }, packet) => ({ seconds, packet })),
    seconds,
  ).map(({ packet }) => shown[packet]?.pts ?? 0);
  const chosen = [...new Set(wanted)].sort((a, b) => a - b);
  if (chosen.length === 0) return [];
  await runFfmpeg({
    ...run.limits,
    arguments: takingArguments(extraction, { chosen, threads: run.limits.threads }),
    onStart: run.onStart,
    onProgress: ({ frames }) => run.onTaken(Math.round((frames / chosen.length) * seconds.length)),
  });
  return wanted.map((pts, at) => ({
    seconds: seconds[at] ?? 0,
    path: join(directory, `frame-${chosen.indexOf(pts)}.png`),
  }));
}

/**
 * When the pictures end; what a source declares is the distance of its first and last times, between which its clock may
 * have jumped by hours.
 */
export function shownUntil(shown: readonly ShownFrame[], declaredSeconds: number | null): number | null {
  const last = shown.at(-1)?.seconds;
  if (last === undefined || declaredSeconds === null || declaredSeconds - last <= BEHIND_SECONDS) {
    return declaredSeconds;
  }
  return 2 * last - (shown.at(-2)?.seconds ?? last);
}

/** By decoding: packets of a program stream do not all tell their time. */
export async function listShown(
  extraction: Opening,
  { limits, onStart }: Pick<Taking, "limits" | "onStart">,
): Promise<ShownFrame[]> {
  const shown: ShownFrame[] = [];
  await runFfmpeg({
    ...limits,
    arguments: [
      ...opening(extraction, limits.threads),
      ...["-filter:v", "showinfo=checksum=0", "-fps_mode", "passthrough", "-f", "null", "-"],
    ],
    logLevel: "info",
    onStart,
    onLog: shownFrames((frame) => shown.push(frame)),
  });
  return shown;
}

export function takingArguments(
  extraction: Extraction,
  { chosen, threads }: { chosen: readonly number[]; threads: number },
): string[] {
  const { filters, directory } = extraction;
  const select = `select=${anyOf(chosen, (pts) => `eq(pts\\,${pts})`)}`;
  return [
    ...opening(extraction, threads),
    ...["-filter:v", [select, ...filters].join(","), "-fps_mode", "passthrough"],
    ...[...PNG, "-f", "image2", "-start_number", "0", `file:${join(directory, "frame-%d.png")}`],
  ];
}

type Opening = Pick<Extraction, "sourcePath" | "index" | "exact" | "seconds">;

function opening({ sourcePath, index, exact, seconds }: Opening, threads: number): string[] {
  const keyframes = exact ? [] : ["-skip_frame", "nokey"];
  const until = ["-t", `${Math.max(...seconds) + BEHIND_SECONDS}`];
  const options = ["-threads", `${threads}`, ...keyframes, ...until, "-an", "-sn"];
  return [...inputArguments(sourcePath, { options }), "-map", `0:${index}`];
}
