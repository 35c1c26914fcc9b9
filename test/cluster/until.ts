import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks again and again until `probe` answers with something true, and gives that. A probe that throws is asked
 * again: its last words stand in the error, so that a timeout says what was missing, not only that time passed.
 *
 * @param what completes the sentence "… took longer than 30 s"
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | false | undefined>,
  { timeoutMs, everyMs = 50 }: { timeoutMs: number; everyMs?: number },
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let lastWords = "";
  for (;;) {
    try {
      const answer = await probe();
      if (answer) return answer;
    } catch (error) {
      if (error instanceof GivenUp) throw error;
      lastWords = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline) {
      throw new Error(
        `${what} took longer than ${timeoutMs / 1000} s${lastWords ? `; the last answer was: ${lastWords}` : ""}`,
      );
    }
    await sleep(everyMs);
  }
}

/** Thrown by a probe when waiting longer cannot help, for example because the process asked for has ended. */
export class GivenUp extends Error {}
