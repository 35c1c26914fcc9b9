import { Webhook } from "standardwebhooks";
import { Agent, request } from "undici";
import { ForbiddenAddressError, publicLookup, refuseLiteralAddress } from "./address-guard.ts";

/** How long one try may take. */
const TIMEOUT_MS = 10_000;

/** How one try ended. `gone` says that the endpoint wants no more of anything (410). */
export type Delivery =
  | { outcome: "delivered"; status: number }
  | { outcome: "retry" | "refused" | "gone"; error: string; retryAfterMs?: number };

export interface Signed {
  id: string;
  /** Standard Webhooks secret, with or without `whsec_`. */
  secret: string;
  url: string;
  body: string;
}

/**
 * Sends one event, once. Signed as Standard Webhooks describes: `webhook-id`, `webhook-timestamp` and a
 * `v1` HMAC-SHA256. Only 2xx is success; redirects are not followed, since they lead past the check of the
 * address.
 */
export class Sender {
  readonly #agent: Agent;
  readonly #allowPrivateAddresses: boolean;

  constructor({ allowPrivateAddresses }: { allowPrivateAddresses: boolean }) {
    this.#allowPrivateAddresses = allowPrivateAddresses;
    this.#agent = new Agent({
      connect: { timeout: TIMEOUT_MS, ...(!allowPrivateAddresses && { lookup: publicLookup }) },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      maxResponseSize: 64 * 1024,
      connections: 16,
      pipelining: 1,
    });
  }

  async send({ id, secret, url, body }: Signed, now: Date): Promise<Delivery> {
    try {
      const target = new URL(url);
      if (!this.#allowPrivateAddresses) refuseLiteralAddress(target);
      const response = await request(target, {
        dispatcher: this.#agent,
        method: "POST",
        body,
        headers: {
          "content-type": "application/json",
          "user-agent": "mediajob",
          "webhook-id": id,
          "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
          "webhook-signature": new Webhook(secret).sign(id, now, body),
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body.dump({ limit: 64 * 1024 });
      return verdict(response.statusCode, response.headers["retry-after"], now);
    } catch (error) {
      const outcome = error instanceof ForbiddenAddressError ? "refused" : "retry";
      return { outcome, error: describe(error) };
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** Status codes after which the same request fails again: seeds 004 "Webhook Notification System". */
const PERMANENT = new Set([400, 401, 403, 404]);

function verdict(status: number, retryAfter: string | string[] | undefined, now: Date): Delivery {
  if (status >= 200 && status < 300) return { outcome: "delivered", status };
  const error = `the endpoint answered ${status}`;
  if (status === 410) return { outcome: "gone", error };
  if (PERMANENT.has(status)) return { outcome: "refused", error };
  if (status >= 300 && status < 400)
    return { outcome: "refused", error: `${error}; redirects are not followed` };
  const retryAfterMs = parseRetryAfter(String(retryAfter ?? ""), now);
  return { outcome: "retry", error, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string, now: Date): number | undefined {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== message ? `${message}: ${cause.message}` : message;
}
