/** What a file system is asked at once: one that is far away answers several as fast as one. */
const AT_ONCE = 8;

/** Does `work` with each item, several at once. @throws the first error, when nothing is under way any more. */
export async function severalAtOnce<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = Iterator.from(items);
  let failed = false;
  const lane = async () => {
    for (const item of left) {
      if (failed) return;
      await work(item).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane));
  for (const each of ended) if (each.status === "rejected") throw each.reason;
}
