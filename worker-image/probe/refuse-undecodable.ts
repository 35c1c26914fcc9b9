import { lastErrors } from "./log-reading.ts";
import { MediaFailure } from "./media-failure.ts";

/** @throws MediaFailure VerificationFailed when decoding a finished file told of errors. */
export function refuseUndecodable(
  { errors, log }: { errors: readonly string[]; log: readonly string[] },
  what = "the finished file",
): void {
  if (errors.length === 0) return;
  throw new MediaFailure("VerificationFailed", `${what} does not decode: ${lastErrors(errors)}`, log);
}
