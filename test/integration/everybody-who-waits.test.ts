import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MediaJobStatus } from "../../crds/media-job-status.ts";
import { freePorts } from "../cluster/free-port.ts";
import { startProcess, stopProcess } from "../cluster/process-registry.ts";
import { type StandaloneApiServer, startApiServer } from "../cluster/standalone-api-server.ts";
import { until } from "../cluster/until.ts";
import { manifest, webhook } from "./api/manifest.ts";

/**
 * The operator's program on a real API server, a receiver, a reader of Server-Sent Events and `mediajob watch`: one
 * MediaJob that is suspended, resumed and cancelled, while the operator is killed and the receiver is down.
 */
const repository = join(import.meta.dirname, "../..");
const secret = `whsec_${Buffer.from("of the receiver and the operator").toString("base64")}`;

let api: StandaloneApiServer;
let receiver: Server;
let isUp = true;
/** By webhook-id, in order of arrival. */
const received = new Map<string, { type: string; sequence: number }>();
let operator: ReturnType<typeof startProcess>;
let port = 0;

const configure = (configuration: object) =>
  writeFileSync(join(api.directory, "operator.yaml"), JSON.stringify(configuration));

function startOperator() {
  const config = join(api.directory, "operator.yaml");
  configure({ webhooks: { allow: { cidrs: ["127.0.0.0/8"] } } });
  const program = join(repository, "operator/main.ts");
  const command = [process.execPath, program, "--config", config, "--port", String(port)] as const;
  return startProcess(api.directory, "operator", [...command], {
    env: { KUBECONFIG: api.kubeconfig, POD_NAME: "operator", POD_NAMESPACE: "default" },
  });
}

beforeAll(async () => {
  api = await startApiServer();
  await api.kubectl("apply", "--filename", join(repository, "crds/mediajob.dev_mediajobs.yaml"));
  await until("the definition", async () => (await api.kubectl("get", "mediajobs")) === "", {
    timeoutMs: 30_000,
  });
  await api.kubectl("create", "secret", "generic", "webhook-secret", `--from-literal=secret=${secret}`);
  await api.kubectl("create", "serviceaccount", "nobody");
  await api.kubectl("create", "serviceaccount", "reader");
  await api.kubectl(...["create", "role", "reader", "--verb=get", "--resource=mediajobs.mediajob.dev"]);
  await api.kubectl(
    ...["create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader"],
  );
  receiver = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (!isUp) return void response.writeHead(503).end();
    const event = new Webhook(secret).verify(body, request.headers as Record<string, string>) as {
      id: string;
      type: string;
      sequence: number;
    };
    if (!received.has(event.id)) received.set(event.id, event);
    response.writeHead(204).end();
  });
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  [port = 0] = await freePorts(1);
  operator = startOperator();
  await until("the first term", leads, { timeoutMs: 60_000 });
});
afterAll(async () => {
  receiver?.closeAllConnections();
  await api?.stop();
});

const leads = async () => /^mediajob_leader 1$/m.test(await (await fetch(url("/metrics"))).text());
const url = (path: string) => `http://127.0.0.1:${port}${path}`;
const tokenOf = async (account: string) => (await api.kubectl("create", "token", account)).trim();
const statusOf = async () =>
  (await api.kubectl.json<{ status: MediaJobStatus }>("get", "mediajob", "waited-for")).status;
const patch = (spec: object) =>
  api.kubectl("patch", "mediajob", "waited-for", "--type=merge", "--patch", JSON.stringify({ spec }));
const phaseIs = (phase: string) =>
  until(`the phase ${phase}`, async () => (await statusOf()).phase === phase, { timeoutMs: 60_000 });
const follow = (token: string, headers = {}) =>
  fetch(url("/jobs/default/waited-for/events"), {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });

test("they learn the truth, once, in order, through a killed operator and a receiver that is down", async () => {
  const hook = webhook({ url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/` });
  await api.kubectl.apply([
    manifest({ metadata: { name: "waited-for" }, spec: { suspend: true, webhooks: [hook] } }),
  ]);
  await phaseIs("Suspended");

  const watching = spawn(
    process.execPath,
    [join(repository, "operator/cli/main.ts"), "watch", "waited-for"],
    {
      env: { ...process.env, KUBECONFIG: api.kubeconfig },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const said = textOf(watching);
  const exitCode = new Promise((resolve) => watching.once("close", resolve));
  expect((await follow(await tokenOf("nobody"))).status).toBe(403);
  expect((await follow("forged")).status).toBe(401);
  const reader = await tokenOf("reader");
  const stream = await follow(reader);
  expect(stream.headers.get("content-type")).toBe("text/event-stream");
  await expect.poll(() => [...received.values()].map(({ type }) => type)).toEqual(["job.suspended"]);

  await expect.poll(said, { timeout: 30_000 }).toContain("Suspended");

  isUp = false;
  await patch({ suspend: false });
  await phaseIs("Running"); // its unit has a Job, whose pod nobody runs here
  await until(
    "a failed try in the status",
    async () => (await statusOf()).webhooks?.[0]?.tries?.at(-1)?.code === 503,
    {
      timeoutMs: 30_000,
    },
  );
  await stopProcess(api.directory, operator, { graceMs: 0 });
  await stream.text().catch(() => undefined); // it was cut off
  isUp = true;
  operator = startOperator();
  await until("the second term", leads, { timeoutMs: 60_000 });
  const again = await follow(reader);

  await patch({ cancel: true });
  await api.kubectl("delete", "jobs", "--all", "--cascade=orphan", "--wait=false");
  await removeFinalizersOfJobs();
  await phaseIs("Cancelled");
  const events = await again.text();
  expect(events.match(/^event: status$/gm)?.length).toBeGreaterThanOrEqual(2);
  expect(events).toContain('"phase":"Cancelled"');
  const [, lastId = ""] = [...events.matchAll(/^id: (.*)$/gm)].at(-1) ?? [];
  const afterwards = await until(
    "the outbox to be empty",
    async () => {
      const { webhooks = [] } = await statusOf();
      return webhooks[0]?.pending.length === 0 && webhooks[0];
    },
    { timeoutMs: 60_000 },
  );
  expect([...received.values()].map(({ type, sequence }) => [sequence, type])).toEqual([
    [1, "job.suspended"],
    [2, "job.resumed"],
    [3, "job.cancelled"],
  ]);
  expect(afterwards).toMatchObject({ delivered: 3, deadLetters: 0 });
  expect(await exitCode).toBe(1);
  expect(said()).toMatch(
    /^waited-for {2}Suspended.*\n(.*\n)*waited-for {2}Running.*\n(.*\n)*waited-for {2}Cancelled/,
  );
  const resumed = await follow(reader, { "last-event-id": lastId });
  expect([200, 204]).toContain(resumed.status); // the deliveries wrote once more
  await resumed.text();
});

/** There is no controller here that would do it. */
async function removeFinalizersOfJobs(): Promise<void> {
  const { items } = await api.kubectl.json<{ items: { metadata: { name: string } }[] }>("get", "jobs");
  for (const { metadata } of items) {
    await api
      .kubectl("patch", "job", metadata.name, "--type=merge", "--patch", '{"metadata":{"finalizers":null}}')
      .catch(() => undefined);
  }
}

test("a changed configuration counts without a restart, and an invalid one changes nothing", async () => {
  const metric = async (line: RegExp) => line.test(await (await fetch(url("/metrics"))).text());
  configure({ pools: [{ name: "late", concurrency: 0 }] });
  await until("the refusal", () => metric(/^mediajob_configuration_valid 0$/m), { timeoutMs: 20_000 });
  const events = () =>
    api.kubectl("get", "events", "--field-selector=reason=InvalidConfiguration", "--output=yaml");
  await expect.poll(events, { timeout: 10_000 }).toContain("pools[0].concurrency");

  configure({ pools: [{ name: "late" }] });
  await until("the change", () => metric(/^mediajob_configuration_valid 1$/m), { timeoutMs: 20_000 });
  await api.kubectl.apply([
    manifest({ metadata: { name: "placed-late" }, spec: { placement: { pool: "late" } } }),
  ]);
  const poolOfJob = async () =>
    await api.kubectl(
      ...["get", "jobs", "--selector=mediajob.dev/job=placed-late"],
      ...["--output=jsonpath={.items[*].metadata.annotations.mediajob\\.dev/pool}"],
    );
  await expect.poll(poolOfJob, { timeout: 10_000 }).toBe("late");
});

function textOf({ stderr }: ChildProcess): () => string {
  let text = "";
  stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
