import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ProgressMessage } from "../../crds/progress.ts";
import type { ProgressDependencies } from "./progress-route.ts";
import { startServer } from "./server.ts";

const message: ProgressMessage = {
  job: { namespace: "media", name: "holiday", uid: "u1" },
  unit: "image-0",
  attempt: 1,
  sequence: 3,
  stage: "RESIZE_OPERATIONS",
  fraction: 0.5,
};

let accepted: ProgressMessage[];
let notReady: string | undefined;
let leader: string | undefined;
let server: Awaited<ReturnType<typeof startServer>>;

/** The tokens of two pods; `token-of-other` is a pod of another unit. */
const progress: ProgressDependencies = {
  authenticate: async (token) =>
    ({
      "token-of-worker": { namespace: "media", podName: "worker", podUid: "p1" },
      "token-of-reborn": { namespace: "media", podName: "worker", podUid: "p0" },
      "token-of-other": { namespace: "media", podName: "other", podUid: "p2" },
      "token-of-stranger": { namespace: "elsewhere", podName: "worker", podUid: "p1" },
    })[token],
  podOf: (namespace, name) =>
    namespace === "media"
      ? {
          worker: { uid: "p1", unit: "image-0", attempt: 1, jobUid: "u1" },
          other: { uid: "p2", unit: "image-9", attempt: 1, jobUid: "u1" },
        }[name]
      : undefined,
  accept: (message) => void accepted.push(message),
  leaderUrl: () => leader,
  onAnswer: () => undefined,
};

beforeEach(async () => {
  [accepted, notReady, leader] = [[], undefined, undefined];
  server = await startServer({ port: 0, ready: () => notReady, registry: new Registry(), progress });
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
  { name: "no JSON", body: "{", token: "token-of-worker", status: 400 },
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
