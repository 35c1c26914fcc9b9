/**
 * The way to the API server and back. Owns connections, time limits, credentials and the reading of refusals; knows no
 * verb in particular and no kind.
 */
import { createSecureContext } from "node:tls";
import { Pool } from "undici";
import type { ApiAccess } from "./access.ts";
import { ApiError, explained } from "./api-error.ts";
import { askedBy, type Call, pathOf, type Verb } from "./call.ts";
import { deadline } from "./deadline.ts";
import { MANAGED_FIELDS, textWithout } from "./unread-fields.ts";

export interface TransportOptions {
  /** Requests in flight at once; more wait for a connection. Watches are not counted. Default 64. */
  readonly maxConnections?: number;
  /** Limit on a whole request, its answer and the wait for a connection included. Default 30 s. */
  readonly timeoutMs?: number;
  /** Told of each request when its answer begins, or none came. For metrics; must not throw. */
  readonly onRequest?: (request: AnsweredRequest) => void;
}

export interface AnsweredRequest {
  readonly verb: Verb;
  readonly resource: string;
  /** HTTP status code; 0 when no answer came. */
  readonly code: number;
  readonly durationMs: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Instead of the client's. */
  readonly timeoutMs?: number;
}

/** How the operator names itself to the API server. */
export const USER_AGENT = "mediajob-operator";

/**
 * Under the 90 s after which kube-apiserver closes an idle connection, so that no request goes out on one that is
 * just being closed.
 */
const KEEP_ALIVE_MS = 60_000;

export class Transport {
  readonly #access: ApiAccess;
  readonly #requests: Pool;
  readonly #watches: Pool;
  readonly #timeoutMs: number;
  readonly #onRequest: (request: AnsweredRequest) => void;

  constructor(access: ApiAccess, options: TransportOptions = {}) {
    this.#access = access;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#onRequest = options.onRequest ?? (() => {});
    // HTTP/1.1: a connection per watch gives each its own back-pressure, and a lost packet stalls one of them only.
    const shared = {
      connect: { ...access.tls, secureContext: createSecureContext(access.tls) }, // made once, not by each connection
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.#requests = new Pool(access.server.origin, { ...shared, connections: options.maxConnections ?? 64 });
    this.#watches = new Pool(access.server.origin, { ...shared, connections: null });
  }

  /** Sends, reads the whole answer and parses it, all within one time limit. */
  async send<T>(call: Call, { signal, timeoutMs = this.#timeoutMs }: CallOptions): Promise<T> {
    const asked = askedBy(call);
    const limit = deadline(
      timeoutMs,
      () => ApiError.unanswered(asked, "RequestTimeout", `no complete answer within ${timeoutMs} ms`),
      signal,
    );
    try {
      const body = await this.#open(this.#requests, call, limit.signal);
      return JSON.parse(textWithout([MANAGED_FIELDS], Buffer.from(await body.arrayBuffer()))) as T;
    } catch (error) {
      throw explained(error, asked, limit.signal);
    } finally {
      limit.clear();
    }
  }

  /** Resolves once the server has accepted the watch, with what it says from then on. It counts as no request in flight. */
  async stream(call: Call, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return await this.#open(this.#watches, call, signal);
  }

  /** Ends every request and watch in flight. */
  async close(): Promise<void> {
    await Promise.all([this.#requests.destroy(), this.#watches.destroy()]);
  }

  /** Resolves with the body of a good answer; throws an ApiError for a refusal. */
  async #open(pool: Pool, call: Call, signal: AbortSignal) {
    const asked = askedBy(call);
    const startedAt = performance.now();
    let code = 0;
    try {
      const credentials = await this.#access.headers();
      signal.throwIfAborted();
      const { statusCode, headers, body } = await pool.request({
        method: call.method,
        path: pathOf(this.#access.server, call),
        headers: {
          accept: "application/json",
          "user-agent": USER_AGENT,
          ...(call.body !== undefined && { "content-type": call.contentType ?? "application/json" }),
          ...credentials,
        },
        ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
        signal,
      });
      code = statusCode;
      if (code < 400) return body;
      if (code === 401) this.#access.rejected();
      const retryAfter = headers["retry-after"]?.toString();
      throw ApiError.refused(asked, { code, retryAfter, body: await body.text() });
    } catch (error) {
      throw explained(error, asked, signal);
    } finally {
      const { verb, resource } = call;
      this.#onRequest({ verb, resource: resource.plural, code, durationMs: performance.now() - startedAt });
    }
  }
}
