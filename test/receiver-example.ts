import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, vi } from "vitest";
import { AddressGuard } from "../operator/webhooks/address-guard.ts";
import { Sender } from "../operator/webhooks/deliver.ts";
import { eventBody } from "../operator/webhooks/event.ts";
import { mediaJob } from "./builders/core.ts";
import { freePorts } from "./cluster/free-port.ts";

/** A receiver of docs/webhooks.md, as it stands there. */
export function exampleIn(language: "ts" | "python" | "go"): string {
  const docs = readFileSync(join(import.meta.dirname, "../docs/webhooks.md"), "utf8");
  const [, program] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(docs) ?? [];
  if (!program) throw new Error(`docs/webhooks.md has no receiver in ${language}`);
  return program;
}

const secret = `whsec_${Buffer.from("what the receiver and we know").toString("base64")}`;

/** Runs a receiver and sends to it what the operator would: it takes each event once, and none that is forged or old. */
export async function expectToReceive(
  [program = "", ...args]: readonly string[],
  cwd: string,
): Promise<void> {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}/hooks`;
  const receiver = spawn(program, args, {
    cwd,
    env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(receiver, "exit");
  const lines: string[] = [];
  createInterface(receiver.stdout).on("line", (line) => void lines.push(line));
  const sender = new Sender({ guard: new AddressGuard({ all: true, cidrs: [], hosts: [] }) });
  const send = (sequence: number, type: string, { by = secret, at = new Date() } = {}) => {
    const fields = { type, sequence, time: "2026-01-01T12:00:00Z", phase: "Running" } as const;
    const event = { id: `msg_${sequence}`, ...fields };
    return sender.send({ id: event.id, secret: by, url, body: eventBody(mediaJob(), event) }, at);
  };
  try {
    // It refuses what is not signed: so it is up.
    await vi.waitFor(async () => expect((await fetch(url, { method: "POST" })).status).toBe(401), 8000);
    const delivered = { outcome: "delivered", status: 204 };
    const refused = { outcome: "refused", status: 401 };
    expect(await send(1, "job.started")).toEqual(delivered);
    expect(await send(1, "job.started")).toEqual(delivered);
    expect(await send(2, "job.completed", { by: "Zm9yZ2Vk" })).toMatchObject(refused);
    const old = new Date(Date.now() - 10 * 60_000);
    expect(await send(2, "job.completed", { at: old })).toMatchObject(refused);
    expect(await send(2, "job.completed", { by: `Zm9yZ2Vk ${secret}` })).toEqual(delivered);
    await expect.poll(() => lines).toEqual(["1 job.started holiday", "2 job.completed holiday"]);
  } finally {
    receiver.kill();
    await exited;
    await sender.close();
  }
}
