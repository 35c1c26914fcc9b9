/**
 * An HTTP server on loopback that answers the first request as the first step of its script says, the second as the
 * second, and leaves requests beyond the script open: for faults that no real API server shows on demand.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ApiAccess } from "../api/access.ts";

export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  /** Parsed; null when there was none. */
  readonly body: unknown;
}

export type Step = (response: ServerResponse, request: Received) => void | Promise<void>;

export class ScriptedServer {
  readonly #server: Server;
  readonly #script: Step[];
  readonly received: Received[] = [];
  #arrivals: (() => void)[] = [];

  private constructor(script: readonly Step[]) {
    this.#script = [...script];
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(...script: Step[]): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(script);
    await new Promise<void>((resolve) => scripted.#server.listen(0, "127.0.0.1", resolve));
    return scripted;
  }

  get access(): ApiAccess {
    const { port } = this.#server.address() as AddressInfo;
    return {
      server: new URL(`http://127.0.0.1:${port}`),
      tls: {},
      namespace: "default",
      headers: async () => ({ authorization: "Bearer scripted" }),
      rejected: () => {},
    };
  }

  /** The n-th request, counted from 1, as soon as it has come. */
  async request(n: number): Promise<Received> {
    for (;;) {
      const found = this.received[n - 1];
      if (found) return found;
      await new Promise<void>((resolve) => this.#arrivals.push(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += chunk;
    const received: Received = {
      method: request.method ?? "",
      url: new URL(request.url ?? "", "http://scripted"),
      headers: request.headers,
      body: body ? JSON.parse(body) : null,
    };
    this.received.push(received);
    for (const arrive of this.#arrivals.splice(0)) arrive();
    await this.#script.shift()?.(response, received);
  }
}

export function json(body: unknown, code = 200, headers: Record<string, string> = {}): Step {
  return (response) => {
    response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
}

export function refusal(
  code: number,
  reason: string,
  { retryAfterSeconds, message = reason }: { retryAfterSeconds?: number; message?: string } = {},
): Step {
  const headers = retryAfterSeconds === undefined ? undefined : { "retry-after": String(retryAfterSeconds) };
  return json({ kind: "Status", status: "Failure", code, reason, message }, code, headers);
}

export type StreamEnd = "end" | "reset" | "stay";

/** A watch that sends the given events, or raw text, and then ends well, breaks, or stays open. */
export function stream(parts: readonly (object | string)[], end: StreamEnd = "stay"): Step {
  return async (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const part of parts) {
      const text = typeof part === "string" ? part : `${JSON.stringify(part)}\n`;
      await new Promise<void>((resolve) => response.write(text, () => resolve()));
    }
    if (end === "end") response.end();
    if (end === "reset") setImmediate(() => response.destroy());
  };
}
