import type { FailureReason } from "../../crds/failures.ts";
import { WorkFailure } from "../work-failure.ts";

/** A failure that ffmpeg or ffprobe told of. */
export class MediaFailure extends WorkFailure {
  constructor(reason: FailureReason, message: string, log: readonly string[] = []) {
    super(reason, message);
    this.log = log;
  }
}
