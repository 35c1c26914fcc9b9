import { request } from "node:http";
import { connect } from "node:net";
import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ProgressMessage } from "../../crds/progress.ts";
import type { EventsDependencies } from "./events-route.ts";
import type { ProgressDependencies } from "./progress-route.ts";
import { RateBound } from "./rate-bound.ts";
import { ReviewTurns } from "./review-turns.ts";
import { startServer } from "./server.ts";

const message: ProgressMessage = {
  job: { namespace: "media", name: "holiday", uid: "u1" },
  unit: "image-0",
  attempt: 1,
  sequence: 3,
  stage: "resizing",
  fraction: 0.5,
};

let accepted: ProgressMessage[];
let notReady: string | undefined;
let leader: string | undefined;
let server: Awaited<ReturnType<typeof startServer>>;
let reviewed: number;
let answers: number[];

/** Time stands still: what is taken does not come back. */
const still = (burst: number) => new RateBound({ perSecond: 1, burst, nowMs: () => 0 });

/** Of a test that does not follow events. */
const events: EventsDependencies = {
  access: async () => "unknown",
  jobOf: () => null,
  onChange: () => () => undefined,
  every: () => () => undefined,
  strangers: still(20),
};

const turns = new ReviewTurns();

/** The tokens of two pods; `token-of-other` is a pod of another unit. */
const dependencies = (): ProgressDependencies => ({
  authenticate: (token, stranger) =>
    turns.ask(
      stranger,
      async () => {
        reviewed++;
        return {
          "token-of-worker": { namespace: "media", podName: "worker", podUid: "p1" },
          "token-of-reborn": { namespace: "media", podName: "worker", podUid: "p0" },
          "token-of-other": { namespace: "media", podName: "other", podUid: "p2" },
          "token-of-stranger": { namespace: "elsewhere", podName: "worker", podUid: "p1" },
        }[token];
      },
      (identity) => identity !== undefined,
    ),
  podOf: (namespace, name) =>
    namespace === "media"
      ? {
          worker: { uid: "p1", unit: "image-0", attempt: 1, jobUid: "u1" },
          other: { uid: "p2", unit: "image-9", attempt: 1, jobUid: "u1" },
        }[name]
      : undefined,
  accept: (message) => void accepted.push(message),
  leaderUrl: () => leader,
  onAnswer: (code) => void answers.push(code),
  perPod: still(10),
  strangers: still(20),
});

beforeEach(async () => {
  [accepted, notReady, leader, reviewed, answers] = [[], undefined, undefined, 0, []];
  const progress = dependencies();
  server = await startServer({ port: 0, ready: () => notReady, registry: new Registry(), progress, events });
});
afterEach(() => server.close());

const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;
const post = (body: unknown, token?: string) =>
  fetch(url("/progress"), {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

test("a worker's report of its own unit is accepted", async () => {
  expect((await post(message, "token-of-worker")).status).toBe(204);
  expect(accepted).toEqual([message]);
});

test.each([
  { name: "no token", body: message, token: undefined, status: 401 },
  { name: "an unknown token", body: message, token: "forged", status: 401 },
  { name: "a token of a pod of another unit", body: message, token: "token-of-other", status: 403 },
  { name: "a token of another namespace", body: message, token: "token-of-stranger", status: 403 },
  {
    name: "a token of an earlier pod of the same name",
    body: message,
    token: "token-of-reborn",
    status: 403,
  },
  { name: "another unit", body: { ...message, unit: "image-1" }, token: "token-of-worker", status: 403 },
  { name: "another attempt", body: { ...message, attempt: 2 }, token: "token-of-worker", status: 403 },
  {
    name: "another MediaJob",
    body: { ...message, job: { ...message.job, uid: "u2" } },
    token: "token-of-worker",
    status: 403,
  },
  { name: "a fraction of 7", body: { ...message, fraction: 7 }, token: "token-of-worker", status: 422 },
  { name: "a negative fraction", body: { ...message, fraction: -1 }, token: "token-of-worker", status: 422 },
  {
    name: "a fraction in words",
    body: { ...message, fraction: "0.5" },
    token: "token-of-worker",
    status: 422,
  },
  {
    name: "a fraction that is no number",
    body: JSON.stringify(message).replace("0.5", "NaN"),
    token: "token-of-worker",
    status: 400,
  },
  {
    name: "a fraction that is infinite",
    body: JSON.stringify(message).replace("0.5", "1e999"),
    token: "token-of-worker",
    status: 422,
  },
  { name: "a null fraction", body: { ...message, fraction: null }, token: "token-of-worker", status: 422 },
  { name: "half a sequence", body: { ...message, sequence: 1.5 }, token: "token-of-worker", status: 422 },
  { name: "a negative sequence", body: { ...message, sequence: -1 }, token: "token-of-worker", status: 422 },
  {
    name: "a stage as long as a book",
    body: { ...message, stage: "x".repeat(500) },
    token: "token-of-worker",
    status: 422,
  },
  { name: "no JSON", body: "{", token: "token-of-worker", status: 400 },
  { name: "a list", body: [message], token: "token-of-worker", status: 422 },
  { name: "a body of 10 MB", body: "x".repeat(1e7), token: "token-of-worker", status: 413 },
  {
    name: "a body of 1 MB",
    body: { ...message, stage: "x".repeat(1e6) },
    token: "token-of-worker",
    status: 413,
  },
])("$name is refused with $status", async ({ body, token, status }) => {
  expect((await post(body, token)).status).toBe(status);
  expect(accepted).toEqual([]);
});

test("a pod that reports 10,000 times at once is heard ten times and cut off, and others are heard all the while", async () => {
  const others: number[] = [];
  const lies = flood(10_000, "token-of-worker");
  for (let sequence = 0; sequence < 5; sequence++) {
    const report = { ...message, unit: "image-9", sequence };
    others.push((await post(report, "token-of-other")).status);
  }
  const { 204: taken, 429: refused = 0, ...rest } = await lies;
  expect([taken, rest]).toEqual([10, {}]);
  expect(refused).toBeLessThan(100); // those that were in one packet with the first
  expect(others).toEqual([204, 204, 204, 204, 204]);
  expect(accepted.filter(({ unit }) => unit === "image-0")).toHaveLength(10);
});

/** Sends so many reports behind each other on one connection, as fast as they are taken; the answers by code. */
async function flood(count: number, token: string): Promise<Record<number, number>> {
  const body = JSON.stringify(message);
  const request = (connection: string) =>
    [
      ...["POST /progress HTTP/1.1", "host: operator", `authorization: Bearer ${token}`],
      ...["content-type: application/json", `content-length: ${body.length}`, `connection: ${connection}`],
      ...["", body],
    ].join("\r\n");
  const socket = connect(server.port, "127.0.0.1");
  socket.write(request("keep-alive").repeat(count - 1) + request("close"));
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve) => socket.on("error", resolve).once("close", resolve));
  const codes = [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, code]) => Number(code));
  return Object.fromEntries(
    [...Map.groupBy(codes, (code) => code)].map(([code, { length }]) => [code, length]),
  );
}

test("expired and foreign tokens in any number, at once, cost the API server 20 reviews, not one each", async () => {
  const posts = Array.from({ length: 100 }, (_, index) => post(message, `expired-${index}`));
  const statuses = (await Promise.all(posts)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(20);
  expect(statuses.filter((status) => status === 429)).toHaveLength(80);
  expect(reviewed).toBe(20);
});

test("a body without an end is read no further than a message may be", async () => {
  let sent = 0;
  const status = await new Promise<number | undefined>((resolve) => {
    const headers = { "content-type": "application/json", authorization: "Bearer token-of-worker" };
    const endless = request(url("/progress"), { method: "POST", headers }, (response) => {
      resolve(response.statusCode);
      endless.destroy();
    });
    endless.on("error", () => resolve(undefined));
    const pour = () => {
      while (!endless.destroyed && sent < 2 ** 28) {
        sent += 65_536;
        if (!endless.write(Buffer.alloc(65_536, "x"))) return void endless.once("drain", pour);
      }
    };
    pour();
  });
  expect([413, undefined]).toContain(status); // refused, or cut off before the answer was read
  expect(sent).toBeLessThan(64 * 2 ** 20); // what the kernel's buffers hold
  expect(accepted).toEqual([]);
});

test("every answer is counted, also to what could not be read", async () => {
  await post(message, "token-of-worker");
  await post("{", "token-of-worker");
  await post(message);
  expect(answers).toEqual([204, 400, 401]);
});

test("a replica that does not lead points to the leader", async () => {
  leader = "http://10.0.0.7:8080";
  const response = await post(message, "token-of-worker");
  expect(response.status).toBe(307);
  expect(response.headers.get("location")).toBe("http://10.0.0.7:8080/progress");
});

test("readiness says what is missing", async () => {
  notReady = "caches are not synced: jobs";
  const response = await fetch(url("/readyz"));
  expect([response.status, await response.text()]).toEqual([503, "caches are not synced: jobs\n"]);
  expect((await fetch(url("/healthz"))).status).toBe(200);
});
