/**
 * The one error that calls to the API server end with: the server's refusal, or that no answer came. Owns reading a
 * refusal; never decides what to do about it.
 */

/** The body of a refusal: meta/v1 Status. */
export interface Status {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { reason?: string; message?: string; field?: string }[];
  };
}

/** What was asked, for the message: `GET pods default/a`. */
export interface Asked {
  readonly method: string;
  readonly what: string;
}

/** Reasons of our own, for when the server gave none. They stand beside NotFound, Conflict, AlreadyExists, … */
export type NoAnswerReason = "ConnectionFailed" | "RequestTimeout" | "WatchSilent" | "WatchOverdue";

export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status code; 0 when no answer came. */
  readonly code: number;
  /** The server's CamelCase reason, one of `NoAnswerReason`, or `Unknown`. */
  readonly reason: string;
  /** How long the server asks to be left alone; null when it does not say. */
  readonly retryAfterMs: number | null;
  /** What the server said, whole; null when it sent no Status. */
  readonly status: Status | null;

  constructor(
    message: string,
    { code = 0, reason = "Unknown", retryAfterMs = null, status = null, cause }: ApiErrorFields,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
    this.status = status;
  }

  /** From an answer with a code of 400 or above. */
  static refused(
    asked: Asked,
    answer: { code: number; retryAfter: string | undefined; body: string },
  ): ApiError {
    const status = parseStatus(answer.body);
    const said = status?.message ?? (answer.body.trim().slice(0, 500) || "without a reason");
    return new ApiError(
      `${asked.method} ${asked.what}: ${[answer.code, status?.reason].filter(Boolean).join(" ")}: ${said}${wayOut(answer.code)}`,
      {
        code: answer.code,
        reason: status?.reason ?? "Unknown",
        retryAfterMs: parseRetryAfter(answer.retryAfter) ?? secondsToMs(status?.details?.retryAfterSeconds),
        status,
      },
    );
  }

  /** From the object of an ERROR event in a watch, which is a Status. */
  static inStream(asked: Asked, status: Status): ApiError {
    return new ApiError(
      `${asked.method} ${asked.what}: the watch ended with ${status.code} ${status.reason}: ${status.message}`,
      {
        code: status.code ?? 500,
        reason: status.reason ?? "Unknown",
        retryAfterMs: secondsToMs(status.details?.retryAfterSeconds),
        status,
      },
    );
  }

  static unanswered(asked: Asked, reason: NoAnswerReason, why: string, cause?: unknown): ApiError {
    return new ApiError(`${asked.method} ${asked.what}: ${why}`, { reason, cause });
  }
}

interface ApiErrorFields {
  readonly code?: number;
  readonly reason?: string;
  readonly retryAfterMs?: number | null;
  readonly status?: Status | null;
  readonly cause?: unknown;
}

/** The object does not exist. False for a 404 without a Status: then the kind itself is unknown to the server. */
const isNotFound = (error: unknown): boolean => hasReason(error, "NotFound");

/** Somebody else wrote since the version that the write was based on. */
export const isConflict = (error: unknown): boolean => hasReason(error, "Conflict");

/** The name is taken, perhaps by our own earlier try: compare the owner before calling it success. */
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, "AlreadyExists");

/** The server has said no, and surely did nothing. False for an error of its own, or no answer: it may have. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && error.code >= 400 && error.code < 500;

/**
 * The server will not have this object as it is: a quota, an admission policy, a missing right, or what is not valid.
 * Others may be had; and this one, too, once a person has changed something.
 */
export const isRejection = (error: unknown): error is ApiError =>
  error instanceof ApiError && [400, 403, 413, 422].includes(error.code);

/** 410: the version that was asked for, or the page after it, has been compacted away. */
export const isExpired = (error: unknown): boolean => error instanceof ApiError && error.code === 410;

function hasReason(error: unknown, reason: string): boolean {
  return error instanceof ApiError && error.reason === reason;
}

function parseStatus(body: string): Status | null {
  try {
    const parsed = JSON.parse(body) as Status;
    return parsed.kind === "Status" ? parsed : null;
  } catch {
    return null; // proxies and unknown paths answer in plain text
  }
}

/** RFC 9110, 10.2.3: seconds or a date; API servers send seconds only. */
function parseRetryAfter(header: string | undefined): number | null {
  return header !== undefined && /^\d+$/.test(header) ? Number(header) * 1000 : null;
}

function secondsToMs(seconds: number | undefined): number | null {
  return seconds === undefined || seconds <= 0 ? null : seconds * 1000;
}

function wayOut(code: number): string {
  if (code === 401)
    return "; the credentials are missing or expired: check the kubeconfig or the service account token";
  if (code === 403) return "; grant it to the operator's service account (RBAC)";
  return "";
}

/** An aborted request fails in many ways; the reason of the abort is the one to tell. */
export function explained(error: unknown, asked: Asked, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ApiError) return error;
  const said =
    error instanceof Error ? error.message || String((error as { code?: unknown }).code) : String(error);
  return ApiError.unanswered(asked, "ConnectionFailed", `no answer from the API server: ${said}`, error);
}

/** The object of a call, or null when there is none of that name. */
export async function nullWhenNotFound<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
