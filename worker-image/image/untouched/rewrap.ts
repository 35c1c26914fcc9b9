import type { KeptMetadata } from "../metadata.ts";

/** What goes beside a picture. */
export interface Beside {
  /** Undefined keeps all metadata that the file has. */
  metadata: KeptMetadata | undefined;
  /** Whether the colour profile stays. */
  profile: boolean;
  /** Whether the picture has alpha. */
  alpha: boolean;
}

/** The same picture with other things beside it; undefined when the parts of the file do not add up. */
export type Rewrap = (file: Buffer, beside: Beside) => Buffer | undefined;
