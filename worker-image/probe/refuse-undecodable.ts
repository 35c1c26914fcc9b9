import { lastErrors } from "./log-reading.ts";
import { MediaFailure } from "./media-failure.ts";

/** @throws MediaFailure VerificationFailed when the log of decoding a finished file has errors. */
export function refuseUndecodable(log: readonly string[], what = "the finished file"): void {
  const errors = log.filter((line) => /\[(error|fatal)\]/.test(line));
  if (errors.length === 0) return;
  throw new MediaFailure("VerificationFailed", `${what} does not decode: ${lastErrors(errors)}`, log);
}
