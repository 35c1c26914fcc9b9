import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import type { KubeClient } from "../../operator/kube/api/client.ts";
import { LEASES } from "../../operator/kube/api/resources.ts";
import { connect } from "../cluster/connect.ts";
import { until } from "../cluster/until.ts";
import { type SharedApiServer, sharedApiServer } from "./shared-api-server.ts";

let server: SharedApiServer;
let client: KubeClient;

beforeAll(async () => {
  server = await sharedApiServer(inject("runOfApiServer"));
  client = await connect(server.kubeconfig);
});
afterAll(async () => {
  await client?.close();
});

interface Replica {
  readonly identity: string;
  readonly process: ChildProcess;
  /** What it said, line by line. */
  readonly said: string[];
}

const running: Replica[] = [];
afterEach(() => {
  for (const { process } of running.splice(0)) process.kill("SIGKILL");
});

test("of two replicas one leads, and when it is killed the other takes over", async () => {
  const lease = { name: "killed", leaseDurationMs: 3000, renewDeadlineMs: 2000 };
  const { leader, other } = await elect(lease);
  expect(await holder("killed")).toBe(leader.identity);
  leader.process.kill("SIGKILL");
  await until("the takeover", async () => leads(other), { timeoutMs: 60_000 });
  expect(await holder("killed")).toBe(other.identity);
  expect((await client.get(LEASES, { namespace: "default", name: "killed" }))?.spec?.leaseTransitions).toBe(
    1,
  );
});

test("a leader that ends hands over at once, long before its Lease would run out", async () => {
  const lease = { name: "released", leaseDurationMs: 600_000, renewDeadlineMs: 300_000 };
  const { leader, other } = await elect(lease);
  leader.process.kill("SIGTERM");
  const [code] = await once(leader.process, "exit");
  expect(code).toBe(0);
  expect(leader.said).toEqual(["started", "stopped"]);
  await until("the handover", async () => leads(other), { timeoutMs: 60_000 });
  expect(await holder("released")).toBe(other.identity);
});

interface LeaseTimes {
  readonly name: string;
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
}

/** Starts two replicas at once and waits until one leads and the other has seen it. */
async function elect(lease: LeaseTimes): Promise<{ leader: Replica; other: Replica }> {
  const replicas = [start("a", lease), start("b", lease)];
  await until("the election", async () => replicas.some(leads), { timeoutMs: 60_000 });
  const [leader] = replicas.filter(leads);
  const [other] = replicas.filter((replica) => !leads(replica));
  if (!leader || !other) throw new Error("both replicas lead");
  return { leader, other };
}

function start(identity: string, { name, leaseDurationMs, renewDeadlineMs }: LeaseTimes): Replica {
  const script = join(import.meta.dirname, "leader-process.ts");
  const args = [script, identity, name, String(leaseDurationMs), String(renewDeadlineMs)];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, KUBECONFIG: server.kubeconfig },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const replica: Replica = { identity, process: child, said: [] };
  createInterface({ input: child.stdout }).on("line", (line) => replica.said.push(line));
  running.push(replica);
  return replica;
}

function leads({ said }: Replica): boolean {
  return said.at(-1) === "started";
}

async function holder(name: string): Promise<string | undefined> {
  return (await client.get(LEASES, { namespace: "default", name }))?.spec?.holderIdentity;
}
