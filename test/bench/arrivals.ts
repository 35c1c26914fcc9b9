import { setTimeout as sleep } from "node:timers/promises";

/** When objects are created: all at once, or so many a second. */
export type Pace = "Burst" | { readonly perSecond: number };

/** In a burst, requests in flight at once. */
const CONNECTIONS = 16;

/** Calls `create` for 0 to `count - 1`, at the pace; resolves when all have resolved. */
export async function arrive(
  count: number,
  pace: Pace,
  create: (index: number) => Promise<unknown>,
): Promise<void> {
  if (pace === "Burst") {
    let next = 0;
    const worker = async () => {
      while (next < count) await create(next++);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    return;
  }
  const startedAt = performance.now();
  const created: Promise<unknown>[] = [];
  for (let index = 0; index < count; index++) {
    // By the clock, not by the sum of the sleeps: a late one does not delay those after it.
    await sleep(Math.max(0, startedAt + (index * 1000) / pace.perSecond - performance.now()));
    created.push(create(index));
  }
  await Promise.all(created);
}
