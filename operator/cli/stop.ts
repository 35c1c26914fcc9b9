/** Why `mediajob run` ends before its work does. */
export interface Stop {
  /** Aborts when everything is to be cancelled in order. */
  readonly signal: AbortSignal;
  /** Aborts when somebody will not wait for that. */
  readonly now: AbortSignal;
  /** Whether somebody asked for it, rather than `--timeout`. */
  interrupted(): boolean;
}

/** A terminal and a program that passes signals on may both send the same; what comes later is impatience. */
const SAME_SIGNAL_MS = 1_000;

/** Ends in order at Ctrl-C, at a terminal that is closed and after `timeoutSeconds`; at once at a second Ctrl-C. */
export function listenForStop(timeoutSeconds: number | undefined): Stop {
  const [orderly, atOnce] = [new AbortController(), new AbortController()];
  let askedMs: number | undefined;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      askedMs ??= performance.now();
      if (performance.now() - askedMs > SAME_SIGNAL_MS) atOnce.abort();
      orderly.abort();
    });
  }
  if (timeoutSeconds !== undefined) setTimeout(() => orderly.abort(), timeoutSeconds * 1000).unref();
  return { signal: orderly.signal, now: atOnce.signal, interrupted: () => askedMs !== undefined };
}
