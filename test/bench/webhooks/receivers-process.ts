/** Two receivers of webhooks: one that takes everything at once, and one that accepts connections and never answers. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { sayToParent } from "./child.ts";

export type Asked = { readonly ask: "tell" } | { readonly ask: "forget" };

export type Said =
  | { readonly event: "listening"; readonly healthy: string; readonly dead: string }
  | {
      readonly event: "received";
      /** Requests, events that came again among them. */
      readonly requests: number;
      readonly arrivals: readonly Arrival[];
    };

/** The first time that an event came. Wall clocks of one machine: both times are comparable. */
export interface Arrival {
  readonly atMs: number;
  /** When it was put into the outbox. */
  readonly fromMs: number;
  readonly type: string;
}

let requests = 0;
const arrivals = new Map<string, Arrival>();

const healthy = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { id, type, timestamp } = JSON.parse(Buffer.concat(chunks).toString());
    requests++;
    if (!arrivals.has(id)) arrivals.set(id, { atMs: Date.now(), fromMs: Date.parse(timestamp), type });
    response.writeHead(204).end();
  });
});
const dead = createServer(() => undefined);

process.on("message", ({ ask }: Asked) => {
  if (ask === "tell")
    void sayToParent<Said>({ event: "received", requests, arrivals: [...arrivals.values()] });
  requests = ask === "forget" ? 0 : requests;
  if (ask === "forget") arrivals.clear();
});

const listen = async (server: Server) => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};
await sayToParent<Said>({ event: "listening", healthy: await listen(healthy), dead: await listen(dead) });
