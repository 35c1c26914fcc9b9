import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Sender } from "./deliver.ts";

const secret = `whsec_${Buffer.from("a secret of 24 bytes, ok").toString("base64")}`;
const now = new Date();

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;
let handler: Handler;
const receiver = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  handler(request, body, response);
});
const url = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
const open = new Sender({ allowPrivateAddresses: true });
const guarded = new Sender({ allowPrivateAddresses: false });
const event = () => ({ id: "msg_1", secret, url: url(), body: '{"type":"job.completed"}' });

beforeEach(() => new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", () => resolve())));
afterEach(() => new Promise<void>((resolve) => receiver.close(() => resolve())));

test("the public library of Standard Webhooks verifies what is sent", async () => {
  let verified: unknown;
  handler = (request, body, response) => {
    verified = new Webhook(secret).verify(body, request.headers as Record<string, string>);
    response.writeHead(204).end();
  };
  expect(await open.send(event(), now)).toEqual({ outcome: "delivered", status: 204 });
  expect(verified).toEqual({ type: "job.completed" });
});

test.each([
  { status: 500, expected: { outcome: "retry" } },
  { status: 408, expected: { outcome: "retry" } },
  { status: 429, headers: { "retry-after": "7" }, expected: { outcome: "retry", retryAfterMs: 7000 } },
  { status: 404, expected: { outcome: "refused" } },
  { status: 410, expected: { outcome: "gone" } },
  { status: 302, headers: { location: "http://169.254.169.254/" }, expected: { outcome: "refused" } },
])("$status is answered with $expected.outcome", async ({ status, headers, expected }) => {
  handler = (_, __, response) => response.writeHead(status, headers).end();
  expect(await open.send(event(), now)).toMatchObject(expected);
});

test("a private address is refused before anything is sent", async () => {
  let called = false;
  handler = (_, __, response) => {
    called = true;
    response.end();
  };
  for (const target of [url(), url().replace("127.0.0.1", "localhost")]) {
    const delivery = await guarded.send({ ...event(), url: target }, now);
    expect(delivery).toMatchObject({
      outcome: "refused",
      error: expect.stringContaining("not a public address"),
    });
  }
  expect(called).toBe(false);
});

test("a receiver that resets the connection is tried again", async () => {
  handler = (request) => request.socket.destroy();
  expect(await open.send(event(), now)).toMatchObject({ outcome: "retry" });
});

test("a flood of an answer is cut off", async () => {
  handler = (_, __, response) => {
    response.writeHead(200);
    response.end(Buffer.alloc(1024 * 1024));
  };
  expect(["delivered", "retry"]).toContain((await open.send(event(), now)).outcome);
});
