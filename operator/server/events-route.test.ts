import { type ClientRequest, get, type IncomingMessage } from "node:http";
import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MediaJob } from "../../crds/media-job.ts";
import type { MediaJobStatus } from "../../crds/media-job-status.ts";
import { mediaJob } from "../../test/builders/core.ts";
import type { EventsDependencies } from "./events-route.ts";
import type { ProgressDependencies } from "./progress-route.ts";
import { RateBound } from "./rate-bound.ts";
import { ReviewTurns } from "./review-turns.ts";
import { startServer } from "./server.ts";

let job: MediaJob | null;
let right: "allowed" | "forbidden" | "unknown";
let listeners: Set<(job: MediaJob | null) => void>;
let timers: Map<number, () => void>;
let reviewed: number;
let server: Awaited<ReturnType<typeof startServer>>;
let requests: ClientRequest[];

const turns = new ReviewTurns();

const events = (): EventsDependencies => ({
  access: (token, _, stranger) =>
    turns.ask(
      stranger,
      async () => {
        reviewed++;
        return token === "good" ? right : "unknown";
      },
      (answer) => answer !== "unknown",
    ),
  jobOf: ({ namespace, name }) => (namespace === "media" && name === "holiday" ? job : null),
  onChange: (_, listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  every: (ms, run) => {
    timers.set(ms, run);
    return () => void timers.delete(ms);
  },
  strangers: new RateBound({ perSecond: 1, burst: 3, nowMs: () => 0 }),
});

function at(resourceVersion: string, status: MediaJobStatus): MediaJob {
  const made = mediaJob({}, status);
  return { ...made, metadata: { ...made.metadata, resourceVersion } };
}
const running = (percent: number) => ({
  phase: "Running" as const,
  progress: { percent, display: `${percent}%` },
});

/** As the cache does it. */
function change(next: MediaJob | null): void {
  job = next;
  for (const listen of listeners) listen(next);
}

beforeEach(async () => {
  [job, right, listeners, timers, reviewed, requests] = [
    at("10", running(5)),
    "allowed",
    new Set(),
    new Map(),
    0,
    [],
  ];
  const progress = {} as ProgressDependencies; // no worker reports here
  server = await startServer({
    port: 0,
    ready: () => undefined,
    registry: new Registry(),
    progress,
    events: events(),
  });
});
afterEach(async () => {
  for (const request of requests) request.destroy();
  await server.close();
});

interface Reader {
  status: number | undefined;
  text: string;
  over: boolean;
  destroy(): void;
}

async function follow(
  headers: Record<string, string> = {},
  path = "/jobs/media/holiday/events",
): Promise<Reader> {
  const options = {
    host: "127.0.0.1",
    port: server.port,
    path,
    headers: { authorization: "Bearer good", ...headers },
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(options, resolve).on("error", reject);
    requests.push(request);
  });
  const reader: Reader = {
    status: response.statusCode,
    text: "",
    over: false,
    destroy: () => response.destroy(),
  };
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    reader.text += chunk;
  });
  response.on("error", () => undefined);
  response.on("end", () => {
    reader.over = true;
  });
  return reader;
}

const percents = ({ text }: Reader) =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? "").progress?.percent);
const until = (reader: Reader, text: string) => expect.poll(() => reader.text).toContain(text);

test("the state comes at once, then each change of it, until the end", async () => {
  const reader = await follow();
  await until(reader, "id: 10\nevent: status\n");
  change(at("11", running(40)));
  change(at("12", running(40))); // something that nobody watches has changed
  change(at("13", { phase: "Succeeded", progress: { percent: 100, display: "100%" } }));
  await expect.poll(() => reader.over).toBe(true);
  expect(percents(reader)).toEqual([5, 40, 100]);
  expect(reader.text).toContain('"phase":"Succeeded"');
  expect([listeners.size, timers.size]).toEqual([0, 0]);
});

test("who comes back with Last-Event-ID gets the state only if it has changed", async () => {
  const same = await follow({ "last-event-id": "10" });
  const other = await follow({ "last-event-id": "9" });
  await until(other, "id: 10");
  change(at("11", running(40)));
  await until(same, "id: 11");
  expect(percents(same)).toEqual([40]);
  expect(percents(other)).toEqual([5, 40]);
});

test("who comes back after the end is told that there is no more", async () => {
  job = at("13", { phase: "Failed" });
  expect((await follow({ "last-event-id": "13" })).status).toBe(204);
  const late = await follow({ "last-event-id": "12" });
  await expect.poll(() => late.over).toBe(true);
  expect(late.text).toContain('"phase":"Failed"');
});

test("a MediaJob that is deleted ends the stream", async () => {
  const reader = await follow();
  await until(reader, "id: 10");
  change(null);
  await expect.poll(() => reader.over).toBe(true);
  expect(reader.text).toContain("event: deleted");
});

test("a silent stream says now and then that it is there", async () => {
  const reader = await follow();
  await until(reader, "id: 10");
  timers.get(15_000)?.();
  await until(reader, ": still here");
});

test("a right that is taken away ends the stream; an API server that is away does not", async () => {
  const reader = await follow();
  await until(reader, "id: 10");
  timers.get(60_000)?.();
  await expect.poll(() => reviewed).toBe(2);
  change(at("11", running(40)));
  await until(reader, "id: 11");
  right = "forbidden";
  timers.get(60_000)?.();
  await expect.poll(() => reader.over).toBe(true);
});

test.each([
  { name: "no token", headers: { authorization: "" }, status: 401 },
  { name: "a token that is not accepted", headers: { authorization: "Bearer forged" }, status: 401 },
  { name: "a MediaJob that is not there", path: "/jobs/media/other/events", status: 404 },
  { name: "a namespace that is not theirs", forbidden: true, status: 403 },
])("$name is answered with $status", async ({ headers, path, forbidden, status }) => {
  if (forbidden) right = "forbidden";
  expect((await follow(headers, path)).status).toBe(status);
  expect(listeners.size).toBe(0);
});

test("whether a MediaJob exists is told only to who may see it", async () => {
  right = "forbidden";
  const [there, elsewhere] = [await follow(), await follow({}, "/jobs/media/other/events")];
  expect([there.status, elsewhere.status]).toEqual([403, 403]);
});

test("tokens that are not accepted are reviewed so often, then refused without", async () => {
  const statuses = [];
  for (let index = 0; index < 6; index++)
    statuses.push((await follow({ authorization: `Bearer bad-${index}` })).status);
  expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
  expect(reviewed).toBe(3);
});

test("when the replica ends its streams end in good order", async () => {
  const reader = await follow();
  await until(reader, "id: 10");
  await server.close();
  await expect.poll(() => reader.over).toBe(true);
  expect([listeners.size, timers.size]).toEqual([0, 0]);
});

test("a reader who leaves is forgotten", async () => {
  const reader = await follow();
  await until(reader, "id: 10");
  reader.destroy();
  await expect.poll(() => listeners.size).toBe(0);
  change(at("11", running(40)));
});
