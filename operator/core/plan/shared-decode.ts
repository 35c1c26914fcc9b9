import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { sharedDecodeKey } from "../../../crds/outputs/shared-decode.ts";
import type { VideoOutput } from "../../../crds/outputs/video.ts";
import type { Draft } from "./cut.ts";
import { costOf, totalOf } from "./video-cost.ts";

/**
 * Below this share of the work that one decode saves, renditions stay units of their own: each is retried alone, and
 * all may run at once.
 */
export const LEAST_SAVING = 0.2;

/**
 * Renditions of one source that are made from one decode where that saves enough, e.g. of 4K, or where HDR has to be
 * tone-mapped. Only what is made in one piece: parts of a long source run at once, which is worth more.
 *
 * @param pieces for each rendition the units it would be made by
 */
export function sharingDecodes(pieces: readonly Draft[][], { outputs }: MediaJobSpec): Draft[] {
  const videoOf = ({ outputs: [index] }: Draft): VideoOutput | undefined => outputs[index ?? 0]?.video;
  const groups = new Map<string, Draft[]>();
  for (const [only, ...more] of pieces) {
    const key = only && more.length === 0 && groupOf(only, videoOf(only));
    if (key) groups.set(key, [...(groups.get(key) ?? []), only]);
  }
  const instead = new Map<Draft, Draft[]>();
  for (const group of groups.values()) {
    const [first, ...others] = group;
    if (!first || others.length === 0) continue;
    const videos = group.map(videoOf).filter((video) => video !== undefined);
    const saving = savingOf(videos, first);
    if (saving < LEAST_SAVING) {
      for (const draft of group) instead.set(draft, [{ ...draft, why: `${draft.why}; ${alone(saving)}` }]);
      continue;
    }
    const why = `${group.length} renditions from one decode, which saves ${percent(saving)} of the work`;
    instead.set(first, [{ ...first, outputs: group.flatMap(({ outputs }) => outputs), why }]);
    for (const draft of others) instead.set(draft, []);
  }
  return pieces.flatMap((drafts) => drafts.flatMap((draft) => instead.get(draft) ?? [draft]));
}

function groupOf({ sources }: Draft, video: VideoOutput | undefined): string | undefined {
  const key = video && sharedDecodeKey(video);
  return key === undefined ? undefined : `${sources.join()} ${key}`;
}

/** The share of the work that one decode for all saves, 0 to 1; none where nothing is known of the source. */
function savingOf(videos: readonly VideoOutput[], { facts }: Draft): number {
  if (facts?.width === undefined) return 0;
  const each = videos.map((video) => costOf([video], facts)).map(totalOf);
  const apart = each.reduce((sum, cost) => sum + cost, 0);
  return Math.max(0, 1 - totalOf(costOf(videos, facts)) / apart);
}

const alone = (saving: number) => `a decode of its own: sharing one would save ${percent(saving)}`;

const percent = (share: number) => `${Math.round(share * 100)} %`;
