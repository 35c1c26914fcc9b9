import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export interface Received {
  id: string;
  type: string;
  sequence: number;
  phase: string;
}

/** A receiver as a user writes one: verifies with the public library, drops what it has seen by `webhook-id`. */
export interface Receiver {
  url: string;
  secret: string;
  /** In order of arrival, each id once. */
  events: Received[];
  /** Requests whose signature did not verify. */
  forged: number;
  /** Set to let it answer 503 to everything. */
  isDown: boolean;
  /** Requests that it answered so. */
  refused: number;
  close(): Promise<void>;
}

/** @param host an address of this machine that pods reach */
export async function startReceiver(host: string): Promise<Receiver> {
  const secret = `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")}`;
  const seen = new Set<string>();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (receiver.isDown) {
      receiver.refused++;
      return void response.writeHead(503).end();
    }
    try {
      const event = new Webhook(secret).verify(body, request.headers as Record<string, string>) as {
        id: string;
        type: string;
        sequence: number;
        data: { job: { phase: string } };
      };
      if (!seen.has(event.id)) {
        seen.add(event.id);
        receiver.events.push({
          id: event.id,
          type: event.type,
          sequence: event.sequence,
          phase: event.data.job.phase,
        });
      }
      response.writeHead(204).end();
    } catch {
      receiver.forged++;
      response.writeHead(401).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const receiver: Receiver = {
    url: `http://${host}:${(server.address() as AddressInfo).port}/hooks`,
    secret,
    events: [],
    forged: 0,
    isDown: false,
    refused: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
