import { Agent, type Dispatcher, request } from "undici";
import { type AddressGuard, ForbiddenAddressError } from "./address-guard.ts";
import { signatureOf, UnusableSecretError } from "./signature.ts";

/** How long one try may take. */
const TIMEOUT_MS = 10_000;

/** What is read of an answer's body, and for how long, so that its connection can be used again. */
const MAX_ANSWER_BYTES = 64 * 1024;
const ANSWER_BODY_MS = 1_000;

/** How one try ended. `gone` says that the endpoint wants no more of anything (410). */
export type Delivery =
  | { outcome: "delivered"; status: number }
  | {
      outcome: "retry" | "refused" | "gone";
      error: string;
      /** Unset when no answer came. */
      status?: number;
      retryAfterMs?: number;
      /** True when the fault is on our side of the wire: it says nothing about the host. */
      unsent?: true;
    };

export interface Signed {
  id: string;
  /** Standard Webhooks secrets, with or without `whsec_`, separated by white space. */
  secret: string;
  url: string;
  body: string;
}

/**
 * Sends one event, once. Signed as Standard Webhooks describes: `webhook-id`, `webhook-timestamp` and a
 * `v1` HMAC-SHA256. Only 2xx is success, whatever the body then brings; redirects are not followed, since they
 * lead past the check of the address.
 */
export class Sender {
  readonly #agent: Agent;
  readonly #guard: AddressGuard;
  readonly #timeoutMs: number;

  constructor({
    guard,
    connectionsPerHost = 16,
    timeoutMs = TIMEOUT_MS,
  }: { guard: AddressGuard; connectionsPerHost?: number; timeoutMs?: number }) {
    this.#guard = guard;
    this.#timeoutMs = timeoutMs;
    this.#agent = new Agent({
      connect: { timeout: timeoutMs, lookup: guard.lookup },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connections: connectionsPerHost,
      pipelining: 1,
    });
  }

  async send({ id, secret, url, body }: Signed, now: Date): Promise<Delivery> {
    try {
      const target = new URL(url);
      this.#guard.checkLiteral(target);
      const signature = signatureOf(secret, { id, body }, now);
      const response = await request(target, {
        dispatcher: this.#agent,
        method: "POST",
        body,
        headers: {
          "content-type": "application/json",
          "user-agent": "mediajob",
          "webhook-id": id,
          "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
          "webhook-signature": signature,
        },
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      await drop(response.body);
      return verdict(response.statusCode, response.headers["retry-after"], now);
    } catch (error) {
      if (error instanceof ForbiddenAddressError)
        return { outcome: "refused", error: error.message, unsent: true };
      if (error instanceof UnusableSecretError)
        return { outcome: "retry", error: error.message, unsent: true };
      return { outcome: "retry", error: describe(error) };
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** The answer has been given by its status: a body that is endless, or never ends, only costs its connection. */
const drop = (body: Dispatcher.ResponseData["body"]): Promise<void> =>
  body.dump({ limit: MAX_ANSWER_BYTES, signal: AbortSignal.timeout(ANSWER_BODY_MS) }).catch(() => undefined);

/** Status codes after which the same request fails again (RFC 9110, 15.5): the fault is in it, not in the moment. */
const PERMANENT = new Set([400, 401, 403, 404]);

function verdict(status: number, retryAfter: string | string[] | undefined, now: Date): Delivery {
  if (status >= 200 && status < 300) return { outcome: "delivered", status };
  const error = `the endpoint answered ${status}`;
  if (status === 410) return { outcome: "gone", error, status };
  if (PERMANENT.has(status)) return { outcome: "refused", error, status };
  if (status >= 300 && status < 400)
    return { outcome: "refused", error: `${error}; redirects are not followed`, status };
  const retryAfterMs = parseRetryAfter(String(retryAfter ?? ""), now);
  return { outcome: "retry", error, status, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string, now: Date): number | undefined {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = /^[A-Z][a-z]+, /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== message ? `${message}: ${cause.message}` : message;
}
