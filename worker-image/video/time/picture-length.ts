import type { Rate, VideoStream } from "../../probe/record.ts";
import type { Rendition } from "../rendition.ts";
import { outputSeconds, perSecond, type Span, steadyRate } from "./timing.ts";

/** How long the pictures of a finished file must be, to the frame. Pure. */

/** When a source's pictures begin and end, from its start. */
export interface Shown {
  firstSeconds: number;
  endSeconds: number;
}

/** What its container says; null where that says nothing of pictures. */
export function declaredBy({ durationSeconds }: VideoStream, endSeconds: number | null): Shown | null {
  if (durationSeconds === null || endSeconds === null) return null;
  return { firstSeconds: endSeconds - durationSeconds, endSeconds };
}

/** Pictures that were made; null where nothing tells. */
export interface MadePictures {
  seconds: number | null;
  frames: number | null;
}

type Planned = Pick<Rendition, "spans" | "output" | "work" | "picture" | "fps" | "appended">;

/** What containers that count milliseconds may be off by, at both ends. */
const ROUNDED_SECONDS = 0.002;

/** Of pictures at a steady rate, by a frame of the slower of both rates; each appended file begins on a frame of its own. */
export function lengthDifferences(made: MadePictures, rendition: Planned, shown: Shown): string[] {
  const { fps, picture, output, appended } = rendition;
  const rate = steadyRate(picture);
  if (!fps || !rate) return [];
  const plannedSeconds = plannedPictureSeconds(rendition, shown);
  const slowest = Math.min(perSecond(fps), perSecond(rate) * (output.speed ?? 1));
  const toleranceSeconds = (1 + appended.length) / slowest + ROUNDED_SECONDS;
  if (made.seconds !== null && Math.abs(made.seconds - plannedSeconds) > toleranceSeconds) {
    return [`its pictures last ${made.seconds.toFixed(3)} s, not ${plannedSeconds.toFixed(3)} s`];
  }
  // Fields may be packets of their own, two of which are a frame.
  const isFields = picture.fieldOrder !== null && picture.fieldOrder !== "Progressive";
  if (made.frames === null || isFields) return [];
  const planned = plannedSeconds * perSecond(fps);
  if (Math.abs(made.frames - planned) <= toleranceSeconds * perSecond(fps)) return [];
  return [`it has ${made.frames} frames, not ${Math.round(planned)}`];
}

/** A rate that is made constant repeats the first frame from the start on; else pictures that begin late do so still. */
function plannedPictureSeconds({ spans, output, work, appended }: Planned, shown: Shown): number {
  const { startSeconds = 0, endSeconds } = work.window ?? {};
  const from = Math.max(startSeconds, work.fps ? 0 : shown.firstSeconds);
  const kept: readonly Span[] = spans.length > 0 ? spans : [{ startSeconds: from, endSeconds }];
  const own = kept.map(({ startSeconds, endSeconds = shown.endSeconds }) => ({
    startSeconds,
    endSeconds: Math.max(startSeconds, Math.min(endSeconds, shown.endSeconds)),
  }));
  return appended.reduce(
    (sum, { seconds }) => sum + seconds,
    outputSeconds({ spans: own, speed: output.speed }, null) ?? 0,
  );
}

/** A packet as ffprobe tells of it: `K` for a keyframe, `D` for what only others need, `C` for what is damaged. */
export interface Packet {
  seconds: number;
  /** NaN where it is not told. */
  lastsSeconds: number;
  flags: string;
}

/**
 * What its packets say. Null where they do not tell it to the frame: where a packet has no time or is damaged, frames
 * are missing or last longer, or the first ones need others.
 */
export function shownBy(
  packets: readonly Packet[],
  { rate, startSeconds }: { rate: Rate; startSeconds: number },
): Shown | null {
  const frames = (seconds: number) => seconds * perSecond(rate);
  const times = packets
    .filter(({ flags }) => !flags.includes("D"))
    .map(({ seconds }) => seconds)
    .sort((one, other) => one - other);
  const [opening] = packets;
  const [first, last] = [times[0], times.at(-1)];
  if (!opening?.flags.includes("K") || first === undefined || last === undefined) return null;
  if (opening.seconds > first) return null;
  if (packets.some(({ flags, lastsSeconds }) => flags.includes("C") || frames(lastsSeconds) > 1.5))
    return null;
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? time));
  // NaN is no distance that fits
  const isSteady = gaps.every((gap) => Math.abs(frames(gap) - 1) < 0.5);
  if (!isSteady || !(Math.abs(frames(last - first) - gaps.length) < 0.5)) return null;
  return { firstSeconds: first - startSeconds, endSeconds: last + 1 / perSecond(rate) - startSeconds };
}
