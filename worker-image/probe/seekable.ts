import type { MediaRecord } from "./record.ts";

/** Containers with an index of their frames. */
const INDEXED = new Set(["mov", "matroska", "avi"]);

/**
 * Whether a moment of the source can be gone to without reading what lies before. A transport stream is searched for
 * a moment and then read on to the next keyframe: what lies between is lost, seconds of it, without a word.
 */
export const isSeekable = ({ container }: Pick<MediaRecord, "container">): boolean => INDEXED.has(container);
