/**
 * Many workers in one process of its own, so that what they cost is not the operator's: each has a connection, and
 * reports once a second, all of them spread evenly over the second. Told what to do by its parent.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";
import type { ProgressMessage } from "../../../crds/progress.ts";
import { sayToParent } from "./child.ts";

export interface Crowd {
  readonly url: string;
  readonly workers: readonly Worker[];
  /** For so long before anything is measured. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** One more, which reports so often in a second that it must lie; from the beginning to the end. */
  readonly liar?: { readonly worker: Worker; readonly perSecond: number };
}

export type Worker = Pick<ProgressMessage, "job" | "unit"> & { readonly token: string };

export type Said =
  | { readonly event: "warm" }
  | {
      readonly event: "done";
      /** Of each POST, until its answer was read. */
      readonly tookMs: readonly number[];
      /** Answers other than 204, by code; -1 for none. */
      readonly refused: Readonly<Record<number, number>>;
      /** How many reports of the liar were answered, and how many of them taken. */
      readonly lies: { readonly answered: number; readonly taken: number };
    };

process.once("message", async ({ url, workers, warmUpSeconds, seconds, liar }: Crowd) => {
  const tookMs: number[] = [];
  const refused: Record<number, number> = {};
  const startMs = performance.now();
  const measuredFromMs = startMs + warmUpSeconds * 1000;
  const endMs = measuredFromMs + seconds * 1000;
  const lying = liar && lie(url, { ...liar, untilMs: endMs });
  setTimeout(() => void sayToParent<Said>({ event: "warm" }), warmUpSeconds * 1000);
  await Promise.all(
    workers.map(async ({ token, job, unit }, index) => {
      const client = new Client(url);
      const firstMs = startMs + (index * 1000) / workers.length;
      for (let sequence = 1; ; sequence++) {
        const dueMs = firstMs + sequence * 1000;
        if (dueMs > endMs) break;
        await sleep(Math.max(0, dueMs - performance.now()));
        const message: ProgressMessage = {
          job,
          unit,
          attempt: 1,
          sequence,
          stage: "resizing",
          fraction: Math.min(1, (sequence * (1 + (index % 7) / 7)) / (2 * (warmUpSeconds + seconds))),
        };
        const sentMs = performance.now();
        const code = await post(client, token, message).catch(() => -1);
        if (code !== 204) refused[code] = (refused[code] ?? 0) + 1;
        if (sentMs >= measuredFromMs) tookMs.push(performance.now() - sentMs);
      }
      await client.close();
    }),
  );
  const lies = (await lying) ?? { answered: 0, taken: 0 };
  await sayToParent<Said>({ event: "done", tookMs, refused, lies });
  process.disconnect();
});

/** Sends in bursts of a hundredth of a second; no more than are answered. */
async function lie(
  url: string,
  { worker: { token, job, unit }, perSecond, untilMs }: NonNullable<Crowd["liar"]> & { untilMs: number },
): Promise<{ answered: number; taken: number }> {
  const client = new Client(url, { pipelining: perSecond / 100 });
  const message = { job, unit, attempt: 1, sequence: 1, stage: "LIES", fraction: 1 };
  const count = { answered: 0, taken: 0 };
  for (let nextMs = performance.now(); nextMs < untilMs; nextMs += 10) {
    await sleep(Math.max(0, nextMs - performance.now()));
    const burst = Array.from({ length: perSecond / 100 }, () => post(client, token, message).catch(() => -1));
    for (const code of await Promise.all(burst)) {
      count.answered++;
      if (code === 204) count.taken++;
    }
  }
  await client.destroy();
  return count;
}

async function post(client: Client, token: string, message: ProgressMessage): Promise<number> {
  const { statusCode, body } = await client.request({
    method: "POST",
    path: "/progress",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(message),
  });
  await body.dump();
  return statusCode;
}
