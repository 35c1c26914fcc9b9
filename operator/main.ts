/** The operator's program: wires the parts together, starts and stops them. It decides nothing. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { ConfigurationFile } from "./configuration-file.ts";
import type { Configuration } from "./core/configuration.ts";
import { loadAccess } from "./kube/api/access.ts";
import { AccessReviews } from "./kube/api/access-reviews.ts";
import { KubeClient } from "./kube/api/client.ts";
import { EVENTS } from "./kube/api/resources.ts";
import { secretReader } from "./kube/api/secrets.ts";
import { TokenReviews } from "./kube/api/token-reviews.ts";
import type { AnsweredRequest } from "./kube/api/transport.ts";
import { createCaches } from "./kube/cache/caches.ts";
import { JobFeed } from "./kube/cache/job-feed.ts";
import { systemClock } from "./kube/clock.ts";
import { Controller } from "./kube/controller.ts";
import { eventOf } from "./kube/event.ts";
import { LeaderElector } from "./kube/leader.ts";
import { Learnings } from "./kube/learnings.ts";
import { observeStart, observeStatus, observeUnit, showJobs } from "./server/job-metrics.ts";
import { identityOf, leaderUrl } from "./server/leader-url.ts";
import { createMetrics } from "./server/metrics.ts";
import { showOperator } from "./server/operator-metrics.ts";
import { RateBound } from "./server/rate-bound.ts";
import { REVIEWS_AT_ONCE, ReviewTurns } from "./server/review-turns.ts";
import { startServer } from "./server/server.ts";
import { readSettings } from "./settings.ts";
import { AddressGuard } from "./webhooks/address-guard.ts";
import { Sender } from "./webhooks/deliver.ts";
import { Dispatcher } from "./webhooks/dispatcher.ts";

/** What the configuration may allow at most; how much of it is used follows the configuration as it is. */
const MAX_CONNECTIONS_PER_HOST = 256;

/** How long passes in flight may take to end when this replica stops: the whole stop is to take under 5 s. */
const DRAIN_MS = 3_000;

const settings = readSettings(process.argv.slice(2), process.env);
const file = await ConfigurationFile.open(settings.configurationFile);
// Lines are written together: one write for each would be a thirtieth of the operator's CPU.
const lines = pino.destination({ minLength: 4096, periodicFlush: 500 });
const log = pino({ level: settings.logLevel, base: { replica: settings.name } }, lines);
const metrics = createMetrics();
const stop = new AbortController();
let term = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());

const access = await loadAccess();
const onRequest = ({ verb, resource, code, durationMs }: AnsweredRequest) => {
  if (verb !== "watch") metrics.apiRequestSeconds.observe({ verb, resource, code }, durationMs / 1000);
};
const client = new KubeClient(access, { onRequest });
/** Of what others make us ask: they have connections of their own to wait for. */
const reviewing = new KubeClient(access, { maxConnections: REVIEWS_AT_ONCE, onRequest });
const caches = createCaches({
  client,
  clock: systemClock,
  random: Math.random,
  onError: (kind, error, retryInMs) => log.warn({ kind, retryInMs, err: error }, "cache not in step"),
});

const ownNamespace = settings.namespace ?? access.namespace;
const readSecret = secretReader(client, systemClock);
const allowedBy = ({ webhooks }: Configuration) => ({
  all: webhooks.allowPrivateAddresses,
  ...webhooks.allow,
});
const guard = new AddressGuard(allowedBy(file.current));
const sender = new Sender({ guard, connectionsPerHost: MAX_CONNECTIONS_PER_HOST });
const dispatcher = new Dispatcher({
  secretOf: (namespace, ref) => readSecret(namespace ?? ownNamespace, ref),
  send: (event, now) => sender.send(event, now),
  sleep: (ms) => delay(ms, true, { signal: term.signal }).catch(() => false),
  now: () => new Date(),
  elapsedMs: () => systemClock.now(),
  random: Math.random,
  endpoints: () => file.current.webhooks.endpoints,
  limits: () => file.current.webhooks.perHost,
  leads: () => !term.signal.aborted,
  log,
  onOutcome: (key) => controller.enqueue(key),
  onTry: (delivery, latencyMs) => {
    const code = delivery.status === undefined ? "none" : `${Math.floor(delivery.status / 100)}xx`;
    metrics.webhookTrySeconds.observe({ code }, latencyMs / 1000);
  },
  onDelivered: ({ time }) =>
    metrics.webhookDeliverySeconds.observe(Math.max(0, (Date.now() - Date.parse(time)) / 1000)),
});

const learnings = new Learnings(client, ownNamespace, systemClock);

const controller: Controller = new Controller({
  client,
  caches,
  configuration: () => file.current,
  clock: systemClock,
  random: Math.random,
  log,
  instance: settings.name,
  remainingMs: () => elector.remainingMs(),
  learnings,
  deliveriesOf: (key) => dispatcher.outcomes(key),
  onOutbox: (key, job) => {
    dispatcher.acknowledge(key, job);
    dispatcher.dispatch(key, job);
  },
  onGone: (key) => dispatcher.forget(key),
  metrics: {
    onPass: (seconds, failed, waitSeconds) => {
      metrics.reconcileSeconds.observe({ result: failed ? "error" : "ok" }, seconds);
      metrics.workqueueWaitSeconds.observe(waitSeconds);
    },
    onStart: (start) => observeStart(metrics, start),
    onMeasured: (measured) => observeUnit(metrics, measured),
    onStatus: (job, change) => observeStatus(metrics, job, change),
    onPhase: (phase) => metrics.phaseTransitions.inc({ phase }),
  },
});

const identity = identityOf({ ...settings, mark: randomUUID().slice(0, 8) });
const elector: LeaderElector = new LeaderElector({
  client,
  lease: { namespace: ownNamespace, name: "mediajob-operator" },
  identity,
  clock: systemClock,
  random: Math.random,
  onStarted: async () => {
    log.info("leading");
    metrics.leader.set(1);
    term = new AbortController();
    const { signal } = term;
    await learnings.load().catch((error) => log.warn({ err: error }, "estimates not read"));
    if (signal.aborted) return;
    void learnings.run(signal, (error) => log.warn({ err: error }, "estimates not written"));
    await controller.start(signal);
  },
  onStopped: async () => {
    log.info("leads no more");
    metrics.leader.set(0);
    term.abort();
    await controller.stop(DRAIN_MS);
  },
  onError: (error) => log.warn({ err: error }, "leader election"),
});

const turns = new ReviewTurns();
const tokenReviews = new TokenReviews(reviewing, systemClock, turns);
const feed = new JobFeed(caches.mediaJobs.store);
const nowMs = () => systemClock.now();
const strangers = new RateBound({ perSecond: 1, burst: 20, nowMs });
const forbidden = new RateBound({ perSecond: 1, burst: 20, nowMs });
const accessReviews = new AccessReviews({ client: reviewing, clock: systemClock, turns, forbidden });
const server = await startServer({
  port: settings.port,
  ready: () => {
    const unsynced = caches.unsynced();
    return unsynced.length ? `caches are not synced: ${unsynced.join(", ")}` : undefined;
  },
  registry: metrics.registry,
  beforeScrape: () => {
    metrics.queueDepth.set(controller.depth);
    metrics.circuitsOpen.set(controller.openCircuits().length);
    showOperator(metrics, { file, running: (pool) => controller.running(pool) });
    const waiting = elector.isLeader ? controller.waiting() : [];
    showJobs(metrics, { jobs: caches.mediaJobs.store.list(), waiting, nowMs: Date.now() });
    for (const [kind, ageMs] of Object.entries(caches.agesMs()))
      metrics.cacheAgeSeconds.set({ kind }, ageMs / 1000);
    metrics.webhookCircuitsOpen.set(dispatcher.openCircuits);
  },
  progress: {
    authenticate: (token, stranger) => tokenReviews.authenticate(token, stranger),
    podOf: (namespace, name) => controller.workerPod(namespace, name),
    accept: (message) => controller.acceptProgress(message),
    leaderUrl: () => (elector.isLeader ? undefined : leaderUrl(elector.leader ?? "")),
    onAnswer: (code) => metrics.progressReports.inc({ code }),
    perPod: new RateBound({ perSecond: 5, burst: 10, nowMs }),
    strangers,
  },
  events: {
    access: (token, ref, stranger) => accessReviews.mayGet(token, ref, stranger),
    jobOf: (ref) => feed.get(ref),
    onChange: (ref, listener) => feed.listen(ref, listener),
    every: (ms, run) => {
      const timer = setInterval(run, ms);
      return () => clearInterval(timer);
    },
    strangers,
  },
});
log.info({ port: server.port, pools: file.current.pools.map(({ name }) => name) }, "started");

void file.watch(stop.signal, (look) => {
  metrics.configurationReloads.inc({ result: look.found === "New" ? "applied" : "refused" });
  if (look.found === "New") {
    log.info({ pools: file.current.pools.map(({ name }) => name) }, "configuration changed");
    guard.allow(allowedBy(file.current));
    controller.reconfigured();
    return;
  }
  const message = `${look.message}; the configuration of before stays in force`;
  log.error(message);
  const pod = { apiVersion: "v1", kind: "Pod", namespace: ownNamespace, name: settings.name };
  const event = eventOf(
    { ...pod, uid: settings.podUid },
    { type: "Warning", reason: "InvalidConfiguration", message },
    { at: new Date(), instance: settings.name },
  );
  client.create(EVENTS, event).catch((error) => log.warn({ err: error }, "Event not written"));
});
const watching = caches.run(stop.signal);
await Promise.race([caches.whenSynced(), watching]);
if (!stop.signal.aborted) {
  log.info("caches are synced");
  await elector.run(stop.signal);
}
await watching;
await Promise.all([server.close(), sender.close()]);
await Promise.all([client.close(), reviewing.close()]);
log.info("stopped");
lines.flushSync();
