import { isTerminal, type MediaJobStatus } from "../../crds/media-job-status.ts";

/** When a MediaJob last began anew after its end, RFC 3339; undefined when it never did, as far as its history tells. */
export const lastRetryOf = ({ history = [] }: Pick<MediaJobStatus, "history"> = {}): string | undefined =>
  history.findLast(({ from }) => isTerminal(from))?.time;
