/** On a MediaJob, and then on its Jobs: the Kueue queue that they go through. */
export const KUEUE_QUEUE_LABEL = "kueue.x-k8s.io/queue-name";

/** The Kueue queue that admits a MediaJob's units, or a Job; unset leaves admission to this operator's own queue. */
export const kueueQueueOf = ({ metadata }: Labelled): string | undefined =>
  metadata.labels?.[KUEUE_QUEUE_LABEL] || undefined;

interface Labelled {
  metadata: { labels?: Record<string, string> | undefined };
}
