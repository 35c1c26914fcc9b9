import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ProgressMessage } from "../crds/progress.ts";
import { type ProgressSink, progressReporter, progressSink } from "./progress.ts";

const unit = { job: { namespace: "n", name: "j", uid: "u" }, name: "image-0", attempt: 1 };

function collector(intervalMs = 0): ProgressSink & { sent: ProgressMessage[] } {
  const sent: ProgressMessage[] = [];
  return { sent, intervalMs, send: async (message) => void sent.push(message) };
}

test("a share never falls, and is never more than whole", async () => {
  const sink = collector();
  const reporter = progressReporter(unit, sink);
  for (const fraction of [0.2, 0.5, 0.3, Number.NaN, 1.7]) {
    reporter.report("s", fraction);
    await new Promise(setImmediate);
  }
  await reporter.close();
  expect(sink.sent.map(({ fraction }) => fraction)).toEqual([0.2, 0.5, 0.5, 0.5, 1]);
  expect(sink.sent.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4]);
});

test("between two sendings only the latest message is kept, and closing sends it", async () => {
  vi.useFakeTimers();
  try {
    const sink = collector(1000);
    const reporter = progressReporter(unit, sink);
    for (let done = 0; done <= 100; done++) reporter.report("s", done / 200);
    await vi.advanceTimersByTimeAsync(1000);
    expect(sink.sent.map(({ fraction }) => fraction)).toEqual([0, 0.5]);
    reporter.report("s", 0.75, { outputsDone: 3, outputsTotal: 4 });
    await reporter.close();
    expect(sink.sent.at(-1)).toMatchObject({ fraction: 0.75, outputsDone: 3, outputsTotal: 4, sequence: 2 });
  } finally {
    vi.useRealTimers();
  }
});

test("a target that is neither a URL nor a file descriptor is refused", () => {
  expect(() => progressSink("stdout")).toThrow(/http\(s\):\/\/… or fd:N/);
  expect(progressSink(undefined)).toBeUndefined();
});

let directory: string;
const servers: Server[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mediajob-progress-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(directory, { recursive: true });
});

interface Seen {
  method: string | undefined;
  authorization: string | undefined;
  body: ProgressMessage;
}

async function serve(
  answer: (seen: Seen[]) => { status: number; location?: string },
): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    seen.push({
      method: request.method,
      authorization: request.headers.authorization,
      body: JSON.parse(text),
    });
    const { status, location } = answer(seen);
    response.writeHead(status, location === undefined ? {} : { location }).end();
  });
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/progress`, seen };
}

const message = { ...unit, unit: unit.name, sequence: 0, stage: "s", fraction: 0.5 };

test("the token is read anew for every request, since the kubelet rotates it", async () => {
  const { url, seen } = await serve(() => ({ status: 204 }));
  const tokenFile = join(directory, "token");
  const sink = progressSink(url, { tokenFile });
  await writeFile(tokenFile, "first\n");
  await sink?.send(message);
  await writeFile(tokenFile, "second\n");
  await sink?.send(message);
  expect(seen.map(({ authorization }) => authorization)).toEqual(["Bearer first", "Bearer second"]);
});

test.each([307, 308])(
  "a redirect (%i) to the leader is followed once, with body and token",
  async (status) => {
    const leader = await serve(() => ({ status: 204 }));
    const follower = await serve(() => ({ status, location: leader.url }));
    const tokenFile = join(directory, "token");
    await writeFile(tokenFile, "t");
    await progressSink(follower.url, { tokenFile })?.send(message);
    expect(leader.seen).toMatchObject([
      { method: "POST", authorization: "Bearer t", body: { fraction: 0.5 } },
    ]);
  },
);

test("replicas that redirect to each other are left alone", async () => {
  const loop = await serve(() => ({ status: 307, location: loop.url }));
  await progressSink(loop.url)?.send(message);
  expect(loop.seen).toHaveLength(2);
});

test.each([
  { name: "an operator that is away", url: "http://127.0.0.1:1/progress" },
  { name: "a token that is missing", url: "http://127.0.0.1:1/progress", tokenFile: "/nowhere/token" },
])("$name fails nothing", async ({ url, tokenFile }) => {
  await expect(progressSink(url, { tokenFile })?.send(message)).resolves.toBeUndefined();
});
