import type { MediaJob } from "../../../crds/media-job.ts";

/** On a MediaJob, and then on its Jobs: the Kueue queue that they go through. */
export const KUEUE_QUEUE_LABEL = "kueue.x-k8s.io/queue-name";

/** The Kueue queue that admits a MediaJob's units; unset leaves admission to this operator's own queue. */
export const kueueQueueOf = ({ metadata }: MediaJob): string | undefined =>
  metadata.labels?.[KUEUE_QUEUE_LABEL];
