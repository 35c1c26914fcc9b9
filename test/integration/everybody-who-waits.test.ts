import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MediaJobStatus } from "../../crds/media-job-status.ts";
import { progressReporter, progressSink } from "../../worker-image/progress.ts";
import { freePorts } from "../cluster/free-port.ts";
import { startProcess, stopProcess } from "../cluster/process-registry.ts";
import { type StandaloneApiServer, startApiServer } from "../cluster/standalone-api-server.ts";
import { until } from "../cluster/until.ts";
import { PROGRAMS } from "../programs.ts";
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
let standbyPort = 0;

const configure = (configuration: object) =>
  writeFileSync(join(api.directory, "operator.yaml"), JSON.stringify(configuration));

/** A replica; the others find it at its address. */
function startOperator(name: string, ownPort: number) {
  const config = join(api.directory, "operator.yaml");
  const command = [
    process.execPath,
    PROGRAMS.operator,
    "--config",
    config,
    "--port",
    String(ownPort),
  ] as const;
  return startProcess(api.directory, name, [...command], {
    env: {
      KUBECONFIG: api.kubeconfig,
      POD_NAME: name,
      POD_NAMESPACE: "default",
      POD_IP: "127.0.0.1",
    },
  });
}

beforeAll(async () => {
  api = await startApiServer();
  await api.kubectl("apply", "--filename", join(repository, "crds/mediajob.dev_mediajobs.yaml"));
  await until("the definition", async () => (await api.kubectl("get", "mediajobs")) === "", {
    timeoutMs: 60_000,
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
  [port = 0, standbyPort = 0] = await freePorts(2);
  configure({ webhooks: { allow: { cidrs: ["127.0.0.0/8"] } } });
  operator = startOperator("operator", port);
  await until("the first term", leads, { timeoutMs: 60_000 });
});
afterAll(async () => {
  receiver?.closeAllConnections();
  await api?.stop();
});

const url = (path: string, ofPort = port) => `http://127.0.0.1:${ofPort}${path}`;
const metricsOf = async (ofPort = port) => await (await fetch(url("/metrics", ofPort))).text();
const leads = async () => /^mediajob_leader 1$/m.test(await metricsOf());
const tokenOf = async (account: string, ...args: string[]) =>
  (await api.kubectl("create", "token", account, ...args)).trim();
const statusOf = async (name = "waited-for") =>
  (await api.kubectl.json<{ status: MediaJobStatus }>("get", "mediajob", name)).status;
const patch = (spec: object) =>
  api.kubectl("patch", "mediajob", "waited-for", "--type=merge", "--patch", JSON.stringify({ spec }));
const phaseIs = (phase: string) =>
  until(`the phase ${phase}`, async () => (await statusOf()).phase === phase, { timeoutMs: 60_000 });
const follow = (token: string, headers = {}, name = "waited-for", ofPort = port) =>
  fetch(url(`/jobs/default/${name}/events`, ofPort), {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });

test("they learn the truth, once, in order, through a killed operator and a receiver that is down", async () => {
  const hook = webhook({ url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/` });
  await api.kubectl.apply([
    manifest({ metadata: { name: "waited-for" }, spec: { suspend: true, webhooks: [hook] } }),
  ]);
  await phaseIs("Suspended");

  const watching = spawn(process.execPath, [PROGRAMS.mediajob, "watch", "waited-for"], {
    env: { ...process.env, KUBECONFIG: api.kubeconfig },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = textOf(watching);
  const exitCode = new Promise((resolve) => watching.once("close", resolve));
  expect((await follow(await tokenOf("nobody"))).status).toBe(403);
  expect((await follow("forged")).status).toBe(401);
  const reader = await tokenOf("reader");
  const stream = await follow(reader);
  expect(stream.headers.get("content-type")).toBe("text/event-stream");
  await expect.poll(() => [...received.values()].map(({ type }) => type)).toEqual(["job.suspended"]);

  await expect.poll(said).toContain("Suspended");

  isUp = false;
  await patch({ suspend: false });
  await phaseIs("Running"); // its unit has a Job, whose pod nobody runs here
  await until(
    "a failed try in the status",
    async () => (await statusOf()).webhooks?.[0]?.tries?.at(-1)?.code === 503,
    {
      timeoutMs: 60_000,
    },
  );
  await stopProcess(api.directory, operator, { graceMs: 0 });
  await stream.text().catch(() => undefined); // it was cut off
  isUp = true;
  operator = startOperator("operator", port);
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

test("no secret and no token stands in what the operator logged", () => {
  const logged = readFileSync(join(api.directory, "logs/operator.log"), "utf8");
  expect(logged).toContain("webhook delivered");
  expect(logged).not.toContain(secret.slice("whsec_".length, -4));
  expect(logged).not.toMatch(/eyJ[\w-]{20,}\./); // what a token begins with
});

test("a changed configuration counts without a restart, and an invalid one changes nothing", async () => {
  const metric = async (line: RegExp) => line.test(await metricsOf());
  configure({ pools: [{ name: "late", concurrency: 0 }] });
  await until("the refusal", () => metric(/^mediajob_configuration_valid 0$/m), { timeoutMs: 60_000 });
  const events = () =>
    api.kubectl("get", "events", "--field-selector=reason=InvalidConfiguration", "--output=yaml");
  await expect.poll(events).toContain("pools[0].concurrency");

  configure({ pools: [{ name: "late" }] });
  await until("the change", () => metric(/^mediajob_configuration_valid 1$/m), { timeoutMs: 60_000 });
  await api.kubectl.apply([
    manifest({ metadata: { name: "placed-late" }, spec: { placement: { pool: "late" } } }),
  ]);
  const poolOfJob = async () =>
    await api.kubectl(
      ...["get", "jobs", "--selector=mediajob.dev/job=placed-late"],
      ...["--output=jsonpath={.items[*].metadata.annotations.mediajob\\.dev/pool}"],
    );
  await expect.poll(poolOfJob).toBe("late");
});

test("a replica that does not lead hands reports on, streams what they change, and hears them itself once it leads", async () => {
  const standby = startOperator("standby", standbyPort);
  await until("the standby's caches", async () => (await fetch(url("/readyz", standbyPort))).ok, {
    timeoutMs: 60_000,
  });
  const destination = { volume: { claimName: "media", path: "reported/" } };
  await api.kubectl.apply([manifest({ metadata: { name: "reported" }, spec: { destination } })]);
  const { uid } = await until("the Job", () => podOf("reported-image-0-a1"), { timeoutMs: 30_000 });
  const bound = ["--bound-object-kind=Pod", "--bound-object-name=worker", `--bound-object-uid=${uid}`];
  const tokenFile = join(api.directory, "token");
  writeFileSync(tokenFile, await tokenOf("worker", "--audience=mediajob", ...bound));
  const streamed: string[] = [];
  const { body } = await follow(await tokenOf("reader"), {}, "reported", standbyPort);
  body
    ?.pipeThrough(new TextDecoderStream())
    .pipeTo(new WritableStream({ write: (text) => void streamed.push(text) }))
    .catch(() => undefined); // the replica ends before the MediaJob does

  const job = await api.kubectl.json<{ metadata: { uid: string } }>("get", "mediajob", "reported");
  const reporter = progressReporter(
    { job: { namespace: "default", name: "reported", uid: job.metadata.uid }, name: "image-0", attempt: 1 },
    progressSink(url("/progress", standbyPort), { tokenFile }),
  );
  const answers = async (code: number, ofPort: number) =>
    Number(
      new RegExp(`^mediajob_progress_reports_total{code="${code}"} (.+)$`, "m").exec(
        await metricsOf(ofPort),
      )?.[1] ?? 0,
    );
  reporter.report("resizing", 0.4);
  await until("the report in the status", async () => (await statusOf("reported")).progress?.percent === 40, {
    timeoutMs: 30_000,
  });
  expect(
    await Promise.all([answers(307, standbyPort), answers(204, standbyPort), answers(204, port)]),
  ).toEqual([1, 0, 1]);

  expect(await timeToStopMs(operator)).toBeLessThan(5_000); // and hands the Lease over
  await until("the standby's term", async () => /^mediajob_leader 1$/m.test(await metricsOf(standbyPort)), {
    timeoutMs: 60_000,
  });
  reporter.report("resizing", 0.7);
  await until("the next one", async () => (await statusOf("reported")).progress?.percent === 70, {
    timeoutMs: 30_000,
  });
  await reporter.close();
  expect(await answers(204, standbyPort)).toBe(1);
  const percents = () =>
    [...streamed.join("").matchAll(/"percent":(\d+)/g)].map(([, percent]) => Number(percent));
  await expect.poll(percents, { timeout: 10_000 }).toEqual(expect.arrayContaining([40, 70]));
  expect(await timeToStopMs(standby), "though it leads, and a stream is open").toBeLessThan(5_000);
});

/** From SIGTERM to its end. */
async function timeToStopMs(replica: ReturnType<typeof startProcess>): Promise<number> {
  const askedMs = performance.now();
  await stopProcess(api.directory, replica, { graceMs: 10_000 });
  return performance.now() - askedMs;
}

/** Makes the pod of a Job, as the Job controller would; undefined while there is no Job. */
async function podOf(jobName: string): Promise<{ uid: string } | false> {
  const jobs = await api.kubectl.json<{
    items: { metadata: { name: string; uid: string }; spec: { template: PodTemplate } }[];
  }>("get", "jobs");
  const job = jobs.items.find(({ metadata }) => metadata.name === jobName);
  if (!job) return false;
  const { template } = job.spec;
  const owner = {
    apiVersion: "batch/v1",
    kind: "Job",
    name: jobName,
    uid: job.metadata.uid,
    controller: true,
  };
  await api.kubectl("create", "serviceaccount", "worker");
  await api.kubectl.apply([
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...template.metadata, name: "worker", ownerReferences: [owner] },
      spec: { ...template.spec, serviceAccountName: "worker" },
    },
  ]);
  return (await api.kubectl.json<{ metadata: { uid: string } }>("get", "pod", "worker")).metadata;
}

interface PodTemplate {
  metadata: object;
  spec: object;
}

function textOf({ stderr }: ChildProcess): () => string {
  let text = "";
  stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
