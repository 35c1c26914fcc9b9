import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { AddressGuard } from "../operator/webhooks/address-guard.ts";
import { Sender } from "../operator/webhooks/deliver.ts";
import { eventBody } from "../operator/webhooks/event.ts";
import { mediaJob } from "./builders/core.ts";
import { freePorts } from "./cluster/free-port.ts";

const repository = join(import.meta.dirname, "..");
const secret = `whsec_${Buffer.from("what the receiver and we know").toString("base64")}`;

let directory: string;
let receiver: ChildProcess;
let url: string;
const lines: string[] = [];
const sender = new Sender({ guard: new AddressGuard({ all: true, cidrs: [], hosts: [] }) });

/** The TypeScript of docs/webhooks.md, run as a user would run it. */
beforeAll(async () => {
  const docs = readFileSync(join(repository, "docs/webhooks.md"), "utf8");
  const [, program = ""] = /^### TypeScript\n\n```ts\n(.*?)^```$/ms.exec(docs) ?? [];
  directory = await mkdtemp(join(tmpdir(), "mediajob-receiver-"));
  await symlink(join(repository, "node_modules"), join(directory, "node_modules"));
  await writeFile(join(directory, "package.json"), '{"type":"module"}');
  await writeFile(join(directory, "receiver.ts"), program);
  const [port = 0] = await freePorts(1);
  url = `http://127.0.0.1:${port}/hooks`;
  receiver = spawn(process.execPath, [join(directory, "receiver.ts")], {
    env: { WEBHOOK_SECRET: secret, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (receiver.stdout) createInterface(receiver.stdout).on("line", (line) => void lines.push(line));
  // It refuses what is not signed: so it is up.
  await vi.waitFor(async () => expect((await fetch(url, { method: "POST" })).status).toBe(401), 8000);
});
afterAll(async () => {
  receiver?.kill();
  await sender.close();
  await rm(directory, { recursive: true });
});

const send = (sequence: number, type: string, { by = secret, at = new Date() } = {}) => {
  const event = {
    id: `msg_${sequence}`,
    type,
    sequence,
    time: "2026-01-01T12:00:00Z",
    phase: "Running" as const,
  };
  return sender.send({ id: event.id, secret: by, url, body: eventBody(mediaJob(), event) }, at);
};

test("the receiver of the documentation takes each event once, and none that is forged or old", async () => {
  expect(await send(1, "job.started")).toEqual({ outcome: "delivered", status: 204 });
  expect(await send(1, "job.started")).toEqual({ outcome: "delivered", status: 204 });
  expect(await send(2, "job.completed", { by: "Zm9yZ2Vk" })).toMatchObject({
    outcome: "refused",
    status: 401,
  });
  const old = new Date(Date.now() - 10 * 60_000);
  expect(await send(2, "job.completed", { at: old })).toMatchObject({ outcome: "refused", status: 401 });
  expect(await send(2, "job.completed", { by: `Zm9yZ2Vk ${secret}` })).toEqual({
    outcome: "delivered",
    status: 204,
  });
  await expect.poll(() => lines).toEqual(["1 job.started holiday", "2 job.completed holiday"]);
});
