import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import type { Registry } from "prom-client";
import { type EventsDependencies, eventsRoute } from "./events-route.ts";
import { type ProgressDependencies, progressRoute } from "./progress-route.ts";

/**
 * The operator's HTTP server: `/healthz`, `/readyz`, `/metrics`, `/progress` and `/jobs/…/events`. It serves from the first
 * moment and on every replica; it never decides anything.
 */
export async function startServer({
  port,
  ready,
  registry,
  beforeScrape = () => undefined,
  progress,
  events,
}: {
  port: number;
  /** Why this replica is not ready; undefined when it is. */
  ready: () => string | undefined;
  registry: Registry;
  /** Brings gauges up to date. */
  beforeScrape?: () => void;
  progress: ProgressDependencies;
  events: EventsDependencies;
}): Promise<{ port: number; close(): Promise<void> }> {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.get("/healthz", (_, response) => void response.type("text").send("ok\n"));
  app.get("/readyz", (_, response) => {
    const reason = ready();
    response
      .status(reason ? 503 : 200)
      .type("text")
      .send(`${reason ?? "ok"}\n`);
  });
  app.get("/metrics", async (_, response) => {
    beforeScrape();
    response.set("content-type", registry.contentType).send(await registry.metrics());
  });
  app.use(progressRoute(progress));
  const followed = eventsRoute(events);
  app.use(followed.router);
  app.use(problem);

  const server = createServer(app);
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  server.maxRequestsPerSocket = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server, followed.end) };
}

/** Errors as RFC 9457 problem details; nothing of the inside is shown. */
const problem: ErrorRequestHandler = (error, _, response, next) => {
  if (response.headersSent) return next(error);
  const status = typeof error.status === "number" ? error.status : 500;
  const detail = status < 500 ? error.message : "internal error";
  response.status(status).type("application/problem+json").send(JSON.stringify({ status, detail }));
};

/** A server that closes cuts off what has been ended but has not left yet, so streams come first. */
async function close(server: Server, endStreams: () => Promise<void>): Promise<void> {
  const timer = setInterval(() => server.closeAllConnections(), 1_000);
  await endStreams();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearInterval(timer);
}
