import type { Kind } from "./generator/custom-resource-definition.ts";
import { MEDIA_JOB_COLUMNS, MEDIA_JOB_NAMES, mediaJob } from "./media-job.ts";

/** Every kind of the API. */
export const KINDS: readonly Kind[] = [
  { schema: mediaJob, scope: "Namespaced", names: MEDIA_JOB_NAMES, columns: MEDIA_JOB_COLUMNS },
];
