import { write } from "node:fs";
import { readFile } from "node:fs/promises";
import type { ProgressMessage } from "../crds/progress.ts";
import type { Unit } from "../crds/unit.ts";
import type { ProgressExtra } from "./engine.ts";

/**
 * Tells how far the unit is. Only a view: it never fails the work, never holds it up, and when messages come
 * faster than they may go out, or the other side is away, only the latest one is kept.
 */
export interface ProgressReporter {
  report(stage: string, fraction: number, extra?: ProgressExtra): void;
  /** The highest that was reported. */
  fraction(): number;
  /** Sends what is still kept, within a second. */
  close(): Promise<void>;
}

/** Takes one message; its promise settles when the next may be sent, and never rejects. */
export interface ProgressSink {
  send(message: ProgressMessage): Promise<void>;
  /** Shortest time between two messages. */
  intervalMs: number;
}

const HTTP_INTERVAL_MS = 1_000;
const HTTP_TIMEOUT_MS = 2_000;
const PIPE_INTERVAL_MS = 100;
const CLOSE_TIMEOUT_MS = 1_000;

/** The sink that `MEDIAJOB_PROGRESS` asks for; undefined when none is. @throws Error for what is neither. */
export function progressSink(
  target: string | undefined,
  { tokenFile }: { tokenFile?: string | undefined } = {},
): ProgressSink | undefined {
  if (target === undefined) return undefined;
  const [, fd] = target.match(/^fd:([0-9]+)$/) ?? [];
  if (fd !== undefined) return pipeSink(Number(fd));
  if (/^https?:\/\//.test(target)) return httpSink(target, tokenFile);
  throw new Error(`progress goes to http(s)://… or fd:N, and not to ${target}`);
}

export function progressReporter(
  { job, name, attempt }: Pick<Unit, "job" | "name" | "attempt">,
  sink: ProgressSink | undefined,
): ProgressReporter {
  let sequence = 0;
  let highest = 0;
  let waiting: Pick<ProgressMessage, "stage" | "fraction"> & ProgressExtra;
  let hasWaiting = false;
  let sending: Promise<void> | undefined;
  let nextAtMs = 0;
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    timer = undefined;
    if (!sink || !hasWaiting || sending) return;
    hasWaiting = false;
    nextAtMs = performance.now() + sink.intervalMs;
    sending = sink.send({ job, unit: name, attempt, sequence: sequence++, ...waiting }).finally(() => {
      sending = undefined;
      schedule();
    });
  };
  const schedule = (): void => {
    if (!hasWaiting || sending || timer) return;
    const waitMs = nextAtMs - performance.now();
    if (waitMs <= 0) flush();
    else timer = setTimeout(flush, waitMs).unref();
  };

  return {
    report(stage, fraction, extra = {}) {
      highest = Math.max(highest, Math.min(1, Number.isFinite(fraction) ? fraction : 0));
      waiting = { stage, fraction: Math.round(highest * 1e4) / 1e4, ...extra };
      hasWaiting = true;
      schedule();
    },
    fraction: () => highest,
    async close() {
      clearTimeout(timer);
      const rest = (async () => {
        await sending;
        clearTimeout(timer);
        flush();
        await sending;
      })();
      await Promise.race([rest, new Promise((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS).unref())]);
    },
  };
}

/** JSON lines on a file descriptor. */
function pipeSink(fd: number): ProgressSink {
  return {
    intervalMs: PIPE_INTERVAL_MS,
    send: (message) => new Promise((resolve) => write(fd, `${JSON.stringify(message)}\n`, () => resolve())),
  };
}

/**
 * POST with the pod's own token, which is read anew each time since the kubelet rotates it. A replica that
 * does not lead answers with a redirect to the leader, which is followed once, token included.
 */
function httpSink(url: string, tokenFile: string | undefined): ProgressSink {
  const post = async (to: string, body: string): Promise<Response> => {
    const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, "utf8")).trim();
    return await fetch(to, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body,
      signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
    });
  };
  return {
    intervalMs: HTTP_INTERVAL_MS,
    async send(message) {
      const body = JSON.stringify(message);
      try {
        const response = await post(url, body);
        await response.body?.cancel();
        const location = response.headers.get("location");
        if ((response.status === 307 || response.status === 308) && location) {
          const led = await post(new URL(location, url).href, body);
          await led.body?.cancel();
        }
      } catch {
        // The operator is away: the next message tells more than this one would.
      }
    },
  };
}
