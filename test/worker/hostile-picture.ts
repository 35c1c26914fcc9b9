import type { FailureReason } from "../../crds/failures.ts";

/** A file that is broken or made to do harm, with what must come of it: an output, or one of these reasons. */
export interface HostilePicture {
  name: string;
  /** File name; by the picture's place when unset. */
  file?: string;
  content: Buffer | string;
  expected: "made" | readonly (FailureReason | "made")[];
}
