/** What each image may add to its base, not compressed; every node pulls it, and the base once for both. */
const MOST_ADDED_BYTES: Partial<Record<string, number>> = { operator: 30e6, worker: 550e6 };

/** @throws Error with both numbers, where an image has grown beyond what is promised of it. */
export function assertLean(component: string, addedBytes: number): void {
  const most = MOST_ADDED_BYTES[component] ?? Number.POSITIVE_INFINITY;
  if (addedBytes <= most) return;
  throw new Error(
    `the ${component}'s image adds ${megabytes(addedBytes)} to its base, and may add ${megabytes(most)}`,
  );
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
