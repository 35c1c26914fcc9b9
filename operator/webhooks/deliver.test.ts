import { lookup } from "node:dns/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AddressGuard, type Allowed } from "./address-guard.ts";
import { Sender } from "./deliver.ts";

const newSecret = (text: string) => `whsec_${Buffer.from(text).toString("base64")}`;
const secret = newSecret("a secret of 24 bytes, ok");
const now = new Date();

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;
let handler: Handler;
let received: number;
let receiver: ReturnType<typeof createServer>;
let senders: Sender[];

const port = () => (receiver.address() as AddressInfo).port;
const url = (host = "127.0.0.1") => `http://${host}:${port()}/hook`;
const event = (fields: object = {}) => ({
  id: "msg_1",
  secret,
  url: url(),
  body: '{"type":"job.completed"}',
  ...fields,
});

function senderOf(allowed: Partial<Allowed>, { timeoutMs = 10_000, resolve = lookup } = {}): Sender {
  const guard = new AddressGuard({ all: false, cidrs: [], hosts: [], ...allowed }, resolve);
  const sender = new Sender({ guard, timeoutMs });
  senders.push(sender);
  return sender;
}
const open = (timeoutMs?: number) => senderOf({ all: true }, timeoutMs ? { timeoutMs } : {});

beforeEach(async () => {
  [received, senders] = [0, []];
  receiver = createServer(async (request, response) => {
    received++;
    let body = "";
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    for await (const chunk of request) body += chunk;
    handler(request, body, response);
  });
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
});
afterEach(async () => {
  receiver.closeAllConnections();
  await Promise.all([
    ...senders.map((sender) => sender.close()),
    new Promise((done) => receiver.close(done)),
  ]);
});

test("the public library of Standard Webhooks verifies what is sent", async () => {
  let verified: unknown;
  handler = (request, body, response) => {
    verified = new Webhook(secret).verify(body, request.headers as Record<string, string>);
    response.writeHead(204).end();
  };
  expect(await open().send(event(), now)).toEqual({ outcome: "delivered", status: 204 });
  expect(verified).toEqual({ type: "job.completed" });
});

test("while a secret is rotated, receivers with the old one and with the new one accept the event", async () => {
  const [older, newer] = [newSecret("the older secret"), newSecret("the newer secret")];
  const verified: unknown[] = [];
  handler = (request, body, response) => {
    const headers = request.headers as Record<string, string>;
    for (const each of [older, newer]) verified.push(new Webhook(each).verify(body, headers));
    expect(() => new Webhook(newSecret("another")).verify(body, headers)).toThrow();
    response.writeHead(204).end();
  };
  expect(await open().send(event({ secret: `${newer} ${older}\n` }), now)).toMatchObject({ status: 204 });
  expect(verified).toHaveLength(2);
});

test.each([
  { name: "none", secret: " \n", error: "the signing secret is empty" },
  { name: "one that is not base64", secret: `${secret} s3cret!!`, error: "signing secret 2 is not base64" },
  { name: "too many", secret: Array(6).fill(secret).join(" "), error: "at most 5 are used at once" },
])("with $name nothing is sent, and no part of it is told", async ({ secret, error }) => {
  const delivery = await open().send(event({ secret }), now);
  expect(delivery).toMatchObject({ outcome: "retry", unsent: true, error: expect.stringContaining(error) });
  expect(JSON.stringify(delivery)).not.toMatch(/s3cret!!|YSBzZWN/);
  expect(received).toBe(0);
});

const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000).toUTCString();

test.each([
  { status: 500, expected: { outcome: "retry", status: 500 } },
  { status: 408, expected: { outcome: "retry" } },
  { status: 429, headers: { "retry-after": "7" }, expected: { outcome: "retry", retryAfterMs: 7000 } },
  {
    status: 503,
    headers: { "retry-after": "soon" },
    expected: { outcome: "retry", error: "the endpoint answered 503" },
  },
  { status: 429, headers: { "retry-after": "-1" }, expected: { outcome: "retry" } },
  { status: 404, expected: { outcome: "refused" } },
  { status: 410, expected: { outcome: "gone", status: 410 } },
  { status: 302, headers: { location: "http://169.254.169.254/" }, expected: { outcome: "refused" } },
])("$status with $headers is answered with $expected.outcome", async ({ status, headers, expected }) => {
  handler = (_, __, response) => response.writeHead(status, headers).end();
  expect(await open().send(event(), now)).toMatchObject(expected);
});

test("Retry-After may be a date", async () => {
  handler = (_, __, response) => response.writeHead(429, { "retry-after": inSeconds(60) }).end();
  const delivery = await open().send(event(), now);
  const { retryAfterMs = 0 } = delivery as { retryAfterMs?: number };
  expect(retryAfterMs).toBeGreaterThan(58_000);
  expect(retryAfterMs).toBeLessThanOrEqual(60_000);
});

test("a redirect is not followed", async () => {
  handler = (_, __, response) => response.writeHead(307, { location: url("localhost") }).end();
  expect(await open().send(event(), now)).toMatchObject({ outcome: "refused" });
  expect(received).toBe(1);
});

test("a private address is refused before anything is sent", async () => {
  const guarded = senderOf({});
  for (const target of [url(), url("localhost"), url("[::ffff:127.0.0.1]"), url("0x7f000001")]) {
    expect(await guarded.send(event({ url: target }), now)).toMatchObject({
      outcome: "refused",
      unsent: true,
      error: expect.stringContaining("not a public address"),
    });
  }
  expect(received).toBe(0);
});

test("one that the configuration allows is not", async () => {
  handler = (_, __, response) => response.writeHead(204).end();
  expect(await senderOf({ cidrs: ["127.0.0.0/8"] }).send(event(), now)).toMatchObject({ status: 204 });
  expect(await senderOf({ hosts: ["localhost"] }).send(event({ url: url("localhost") }), now)).toMatchObject({
    status: 204,
  });
});

test("a name that resolves to a public address when it is checked and to another when it is used gains nothing", async () => {
  // A resolver that is asked twice answers with this machine the second time: what a check apart from the connection trusts.
  let asked = 0;
  const rebinding = (async () => [
    { address: asked++ === 0 ? "127.0.0.2" : "127.0.0.1", family: 4 },
  ]) as unknown as typeof lookup;
  const sender = senderOf({ cidrs: ["127.0.0.2/32"] }, { timeoutMs: 300, resolve: rebinding });
  const first = await sender.send(event({ url: url("rebind.test") }), now);
  expect(first).toMatchObject({ outcome: "retry" }); // it went to the first address, where nobody answers
  expect(await sender.send(event({ url: url("rebind.test") }), now)).toMatchObject({
    outcome: "refused",
    error: expect.stringContaining("rebind.test is 127.0.0.1"),
  });
  expect(received).toBe(0);
});

test.each([
  { name: "ftp", target: "ftp://hooks.test/" },
  { name: "no URL at all", target: "hooks" },
])("$name is not sent to", async ({ target }) => {
  expect(await open().send(event({ url: target }), now)).toMatchObject({ outcome: "retry" });
});

test("a receiver that resets the connection is tried again", async () => {
  handler = (request) => request.socket.destroy();
  expect(await open().send(event(), now)).toMatchObject({ outcome: "retry" });
});

test("a receiver that never answers is given up after the time limit, and tried again", async () => {
  handler = () => undefined;
  expect(await open(200).send(event(), now)).toMatchObject({ outcome: "retry" });
});

test("a receiver that drips its headers is given up after the time limit, however often it says something", async () => {
  let dripping: Socket | undefined;
  handler = ({ socket }) => {
    dripping = socket;
    socket.write("HTTP/1.1 200 OK\r\n");
    const timer = setInterval(() => socket.write("x-drip: 1\r\n"), 20);
    socket.on("close", () => clearInterval(timer));
    socket.on("error", () => clearInterval(timer));
  };
  expect(await open(300).send(event(), now)).toMatchObject({ outcome: "retry" });
  await expect.poll(() => dripping?.destroyed).toBe(true);
});

test.each([
  { name: "of 10 GB, announced", headers: { "content-length": String(10 * 1024 ** 3) } },
  { name: "without an end", headers: {} },
])("of an answer $name no more than a little is read: 200 has said it all", async ({ headers }) => {
  let written = 0;
  handler = (_, __, response) => {
    response.writeHead(200, headers);
    const flood = () => {
      while (!response.destroyed && written < 2 ** 30) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536))) return void response.once("drain", flood);
      }
    };
    flood();
  };
  expect(await open().send(event(), now)).toEqual({ outcome: "delivered", status: 200 });
  expect(written).toBeLessThan(64 * 2 ** 20); // what the kernel's buffers hold
});

test("a receiver that drips its answer's body has accepted the event", async () => {
  handler = (_, __, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write("."), 50);
    response.on("close", () => clearInterval(timer));
  };
  expect(await open().send(event(), now)).toEqual({ outcome: "delivered", status: 200 });
});

test("a receiver that flaps is delivered to when it is up", async () => {
  const codes = [503, 200, 503, 503, 200];
  handler = (_, __, response) => response.writeHead(codes.shift() ?? 200).end();
  const sender = open();
  const outcomes = [];
  for (let tries = 0; tries < 5; tries++) outcomes.push((await sender.send(event(), now)).outcome);
  expect(outcomes).toEqual(["retry", "delivered", "retry", "retry", "delivered"]);
});
