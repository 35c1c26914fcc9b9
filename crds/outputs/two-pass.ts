import type { VideoOutput } from "./video.ts";

/** Whether an output is encoded twice, the second time by what was learned. */
export const isTwoPass = ({ twoPass, targetBytes }: Partial<VideoOutput>): boolean =>
  twoPass === true || targetBytes !== undefined;
