import { classOf, FAILURE_REASONS, type FailureReason } from "../crds/failures.ts";
import { NamingError } from "../crds/naming.ts";
import type { Failure } from "../crds/result.ts";

/** Why work cannot be done, as a reason of the fixed list and a sentence a person can act on. */
export class WorkFailure extends Error {
  override readonly name = "WorkFailure";
  readonly reason: FailureReason;
  /** With MemoryLimitExceeded: the memory of the whole worker that would have been enough. */
  readonly neededMemoryBytes: number | undefined;
  /** What engines had logged last, for the manifest. */
  log: readonly string[] = [];

  constructor(
    reason: FailureReason,
    message: string,
    { cause, neededMemoryBytes }: { cause?: unknown; neededMemoryBytes?: number } = {},
  ) {
    super(message, { cause });
    this.reason = reason;
    this.neededMemoryBytes = neededMemoryBytes;
  }
}

/** The source and the output a failure is about, where it is about one. */
export interface Subject {
  source?: string | undefined;
  output?: string | undefined;
}

/**
 * Any error as a failure of the contract. An error that carries a known reason keeps it; the operating
 * system's errors are read by their code; what is left is a defect, `EngineFailed`.
 */
export function failureOf(error: unknown, { source, output }: Subject = {}): Failure {
  const reason = reasonOf(error);
  return {
    class: classOf(reason),
    reason,
    message: messageOf(error),
    ...(source !== undefined && { source }),
    ...(output !== undefined && { output }),
  };
}

const REASON_BY_ERRNO: Record<string, FailureReason> = {
  ENOSPC: "DiskFull",
  EDQUOT: "DiskFull",
  EIO: "StorageError",
  ESTALE: "StorageError",
  ETIMEDOUT: "StorageError",
  EROFS: "DestinationUnwritable",
  EACCES: "DestinationUnwritable",
  EPERM: "DestinationUnwritable",
  ENOMEM: "MemoryLimitExceeded",
};

function reasonOf(error: unknown): FailureReason {
  if (error instanceof NamingError) return "InvalidOutputSpec";
  if (typeof error !== "object" || error === null) return "EngineFailed";
  if ("reason" in error && typeof error.reason === "string" && Object.hasOwn(FAILURE_REASONS, error.reason)) {
    return error.reason as FailureReason;
  }
  return ("code" in error && REASON_BY_ERRNO[`${error.code}`]) || "EngineFailed";
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : `${error}`);
