import type { AudioStream, MediaRecord, VideoStream } from "../probe/record.ts";

/**
 * When the tracks of a source end. Browsers wait at the end of one track until all of the others is there, and players
 * ask for no more than half a minute of them; others take the shortest for the whole. So every track of a stream lasts as
 * long as the last one: sound goes on in silence, pictures with the last of them.
 */

/** Ends that are closer than this are one for players. */
const SAME_END_SECONDS = 0.25;

/** In seconds from the source's start; null when the source does not say. */
export function endOf(
  { startSeconds, durationSeconds }: Pick<AudioStream, "startSeconds" | "durationSeconds">,
  source: Pick<MediaRecord, "startSeconds">,
): number | null {
  if (durationSeconds === null) return null;
  return Math.max(0, (startSeconds ?? 0) - (source.startSeconds ?? 0)) + durationSeconds;
}

/** How long each track is to go on after its end, until the last of these ends. */
export function goingOn(
  source: Pick<MediaRecord, "startSeconds">,
  { picture, tracks }: { picture: VideoStream; tracks: readonly AudioStream[] },
): (track: VideoStream | AudioStream) => number {
  const lastSeconds = Math.max(0, ...[picture, ...tracks].map((track) => endOf(track, source) ?? 0));
  return (track) => {
    const seconds = lastSeconds - (endOf(track, source) ?? lastSeconds);
    return seconds > SAME_END_SECONDS ? seconds : 0;
  };
}
