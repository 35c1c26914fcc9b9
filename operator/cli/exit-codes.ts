import type { Phase } from "../../crds/media-job-status.ts";

/** Exit codes of `mediajob`. */
export const EXIT = {
  succeeded: 0,
  failed: 1,
  /** The manifest is invalid, or the command line is. */
  usage: 2,
  partiallySucceeded: 3,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

/** The exit code of a finished MediaJob. */
export function exitCodeOf(phase: Phase | undefined): number {
  if (phase === "Succeeded") return EXIT.succeeded;
  return phase === "PartiallySucceeded" ? EXIT.partiallySucceeded : EXIT.failed;
}

/** Failed outweighs PartiallySucceeded, which outweighs Succeeded. */
export const worse = (a: number, b: number): number =>
  [EXIT.failed, EXIT.partiallySucceeded].find((code) => code === a || code === b) ?? EXIT.succeeded;

/** A fault of the user's that ends the command: printed as it is, without a stack. */
export class UsageError extends Error {}
