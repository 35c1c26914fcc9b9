import type { Logger } from "pino";
import { LABELS } from "../../crds/group.ts";
import { isTerminal } from "../../crds/media-job-status.ts";
import type { ProgressMessage } from "../../crds/progress.ts";
import type { Configuration } from "../core/configuration.ts";
import { OutputClaims } from "../core/queue/output-claims.ts";
import type { Waiting } from "../core/queue/waiting-line.ts";
import type { DeliveryOutcome, Measured, StartAttempt } from "../core/reconcile/decision.ts";
import type { WorkerPod } from "../server/progress-route.ts";
import { Announcer } from "./announcer.ts";
import { isConflict } from "./api/api-error.ts";
import { keyOf, type ObjectKey } from "./api/kube-object.ts";
import type { StoredMediaJob } from "./api/resources.ts";
import type { Caches } from "./cache/caches.ts";
import type { Clock } from "./clock.ts";
import { ownerOfPod } from "./jobs/owner.ts";
import { PodLag } from "./jobs/pod-lag.ts";
import type { Learnings } from "./learnings.ts";
import { PoolUsage } from "./pool-usage.ts";
import { ProgressPace } from "./progress-pace.ts";
import { ProgressView } from "./progress-view.ts";
import { Reactions } from "./reactions.ts";
import { giveBackPlaces } from "./reconcile/places.ts";
import { PlanStore } from "./reconcile/plan-store.ts";
import { reconcile } from "./reconcile/reconciler.ts";
import type { Shell, StatusChange } from "./reconcile/shell.ts";
import { Term } from "./term.ts";
import { Warnings } from "./warnings.ts";
import { WorkQueue } from "./work-queue.ts";

/**
 * MediaJobs that are decided side by side. They wait for the API server most of the time, and in a burst who asks with
 * few requests at once gets a small share of it: of a thousand MediaJobs created with 16 requests at once, the last had
 * its Job after 9 s when 16 were decided side by side, and after 3 s with 48. More only means more connections, of
 * 100 kB each, and more half done at once.
 */
const CONCURRENCY = 48;

/** A write must end this long before another replica may lead. */
const FENCE_MARGIN_MS = 1_000;

export interface ControllerOptions {
  client: Shell["client"];
  caches: Caches;
  configuration(): Configuration;
  clock: Clock;
  random: () => number;
  log: Logger;
  /** Name of this replica, for Events. */
  instance: string;
  /** For how long no other replica can lead. */
  remainingMs(): number;
  /** What measured units teach of the estimates; nothing is learned without. */
  learnings?: Pick<Learnings, "corrections" | "note">;
  deliveriesOf(key: ObjectKey): readonly DeliveryOutcome[];
  /** The MediaJob as it is after a pass: its outbox may hold events to send, or be rid of some. */
  onOutbox(key: ObjectKey, job: StoredMediaJob): void;
  onGone(key: ObjectKey): void;
  metrics: {
    /** @param waitSeconds how long it had waited for its turn */
    onPass(seconds: number, failed: boolean, waitSeconds: number): void;
    onMeasured?(measured: Measured): void;
    onStatus?(job: StoredMediaJob, seen: StatusChange): void;
    onStart(start: StartAttempt): void;
    onPhase(phase: string): void;
  };
}

/**
 * Turns changes in the cluster into passes of `reconcile`, while this replica leads. Owns what a term of
 * leadership remembers - queue, what waits, places in pools - all of which is made anew from the caches at the
 * next one.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #progress = new ProgressView();
  readonly #claims = new OutputClaims();
  readonly #plans: PlanStore;
  readonly #warnings: Warnings;
  readonly #announcer: Announcer;
  readonly #podLag = new PodLag();
  readonly #podless = new Set<string>();
  readonly #doubted = new Set<string>();
  readonly #reactions: Reactions;
  readonly #usage: PoolUsage;
  readonly #progressPace = new ProgressPace();
  #term = new Term();
  #queue: WorkQueue | undefined;
  /** The queue of the last term, in which passes may still wait for their last answer. */
  #former: WorkQueue | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#usage = new PoolUsage(options.configuration);
    const { client, clock, instance, log } = options;
    this.#warnings = new Warnings(client, clock, {
      onError: (error, namespace) => log.warn({ namespace, err: error }, "Events not read"),
    });
    this.#announcer = new Announcer({
      ...{ client, clock, instance },
      onError: (error, mediajob, reason) => log.warn({ mediajob, reason, err: error }, "Event not written"),
    });
    this.#plans = new PlanStore(
      options.client,
      options.learnings && (() => options.learnings?.corrections ?? {}),
    );
    this.#reactions = new Reactions({
      caches: options.caches,
      configuration: options.configuration,
      clock,
      usage: this.#usage,
      claims: this.#claims,
      nextRetry: (gate) => this.#term.retryLine.first(gate),
      podLag: this.#podLag,
      podless: this.#podless,
      doubted: this.#doubted,
      enqueue: (key) => this.enqueue(key),
      onRoom: () => this.#wakeNext(),
      onGone: (job) => this.#forget(job),
    });
  }

  /**
   * Begins a term, unless it has ended by then. First the passes of the last one end, lest a MediaJob have two at once;
   * and everything is read anew: a watch may be behind, and what the leader before had just done would be done again.
   */
  async start(term: AbortSignal): Promise<void> {
    const { caches, clock, random, metrics, log } = this.#options;
    await this.#former?.ended();
    await caches.refresh();
    if (term.aborted) return;
    this.#plans.doubtAll();
    // A MediaJob may have gone between the terms, so that no pass comes which finds out what its creates came to.
    this.#giveBackPlaces();
    this.#queue = new WorkQueue({
      process: (key, over) => reconcile(key, this.#shell(over)),
      concurrency: CONCURRENCY,
      clock,
      random,
      onProcessed: ({ key, waitMs, runMs, error }) => {
        metrics.onPass(runMs / 1000, error !== null, waitMs / 1000);
        if (error) {
          this.#term.line.remove(key); // until it comes through again, nobody waits for it
          logFailure(log, key, error);
        }
        this.#wakeNext();
      },
    });
    for (const { metadata } of caches.mediaJobs.store.list()) this.#queue.add(keyOf(metadata));
    this.#queue.start();
  }

  /** Ends a term: lets passes end, starts no more, and forgets what only a leader knows. */
  async stop(timeoutMs: number): Promise<void> {
    this.#former = this.#queue ?? this.#former;
    this.#queue = undefined;
    this.#announcer.stop();
    await this.#former?.drain(timeoutMs);
    this.#term = new Term();
    this.#giveBackPlaces(); // it is shown how many are taken
  }

  get depth(): number {
    return this.#queue?.depth ?? 0;
  }

  /**
   * The configuration has changed: pools, caps and endpoints may be others, so whatever is not over, or still has
   * something to tell, is decided anew.
   */
  reconfigured(): void {
    for (const { metadata, status } of this.#options.caches.mediaJobs.store.list()) {
      const { phase, webhooks = [] } = status ?? {};
      if (!isTerminal(phase) || webhooks.some(({ pending }) => pending.length > 0))
        this.enqueue(keyOf(metadata));
    }
    this.#wakeNext();
  }

  /** What starting is paused for. */
  openCircuits(): string[] {
    return this.#term.breakers.open(this.#options.clock.date().getTime());
  }

  running(pool: string): number {
    return this.#usage.running(pool);
  }

  /** Those that could start units, had their pools room. */
  waiting(): readonly Waiting[] {
    return this.#term.line.all();
  }

  enqueue(key: ObjectKey): void {
    this.#queue?.add(key);
  }

  /** Takes a worker's report; it is shown with the next status write, at most one in two seconds. */
  acceptProgress(message: ProgressMessage): void {
    if (!this.#progress.accept(message)) return;
    const key = keyOf(message.job);
    const waitMs = this.#progressPace.waitMs(key, this.#options.clock.now());
    if (waitMs > 0) this.#queue?.addAfter(key, waitMs);
    else this.enqueue(key);
  }

  /** The worker pod of that name, and the unit it may speak of. */
  workerPod(namespace: string, name: string): WorkerPod | undefined {
    const pod = this.#options.caches.pods.store.get({ namespace, name });
    const mediaJob = pod && this.#reactions.find(ownerOfPod(pod));
    const { [LABELS.unit]: unit, [LABELS.attempt]: attempt } = pod?.metadata.labels ?? {};
    if (!pod || !mediaJob || !unit || !attempt) return undefined;
    return { uid: pod.metadata.uid, jobUid: mediaJob.metadata.uid, unit, attempt: Number(attempt) };
  }

  /**
   * Brings those whose turn it is to a pass, wherever something may start: not whom others of another pool leave no place
   * that pools share, nor from whom a pool keeps its room, since it would come again and again for as long as they take.
   */
  #wakeNext(): void {
    const [{ line, keptRoom }, usage] = [this.#term, this.#usage];
    const nowMs = this.#options.clock.date().getTime();
    const runningIn = (namespace: string) => usage.runningIn(namespace);
    for (const pool of usage.open()) {
      const next = line.first(pool, runningIn);
      if (!next || keptRoom.from(next, nowMs).has(pool)) continue;
      const left = line.leftInAll(next, usage.shared(next.namespace), usage.room(), runningIn);
      if (left > 0) this.enqueue(next.key);
    }
  }

  /** Of Jobs that no pass is creating and that nobody has seen. */
  #giveBackPlaces(): void {
    const { mediaJobs, jobs, pods } = this.#options.caches;
    const shell = { usage: this.#usage, mediaJobs: mediaJobs.store, jobs: jobs.store, pods: pods.store };
    for (const key of this.#usage.awaiting) giveBackPlaces(key, shell);
  }

  /** @param over aborted when the passes of a term have had their time to end: then they read and write nothing more */
  #shell(over: AbortSignal): Shell {
    const { client, caches, configuration, clock, remainingMs, metrics, log, onOutbox } = this.#options;
    return {
      client: readingUntil(over, client),
      mediaJobs: caches.mediaJobs.store,
      jobs: caches.jobs.store,
      pods: caches.pods.store,
      nodes: caches.nodes.store,
      warnings: this.#warnings,
      podLag: this.#podLag,
      podless: this.#podless,
      doubted: this.#doubted,
      configuration,
      plans: this.#plans,
      ...this.#term,
      usage: this.#usage,
      claims: this.#claims,
      echoes: this.#reactions.echoes,
      clock,
      progressPace: this.#progressPace,
      progress: this.#progress,
      deliveriesOf: this.#options.deliveriesOf,
      fence: () => {
        const timeoutMs = over.aborted ? 0 : remainingMs() - FENCE_MARGIN_MS;
        if (timeoutMs <= 0)
          throw new Error("this replica leads no more, or not for long: nothing is written");
        return { timeoutMs };
      },
      onMeasured: (measured) => {
        this.#options.learnings?.note(measured.unit, measured.usage);
        metrics.onMeasured?.(measured);
      },
      onStart: (job, start) => {
        metrics.onStart(start);
        const { unit, attempt, placed } = start;
        log.info({ ...fieldsOf(job), unit: unit.name, attempt, pool: placed.pool }, "attempt started");
      },
      onStatus: (key, job, change) => {
        metrics.onStatus?.(job, change);
        const { previous, newFailures } = change;
        for (const failure of newFailures) log.warn({ ...fieldsOf(job), ...failure }, "attempt failed");
        const phase = job.status?.phase;
        if (phase && phase !== previous?.phase) {
          metrics.onPhase(phase);
          log.info({ ...fieldsOf(job), from: previous?.phase, to: phase }, "phase changed");
        }
        onOutbox(key, job);
      },
      onAnnouncement: (job, announcement) => this.#announcer.tell(job, announcement),
    };
  }

  #forget({ metadata }: StoredMediaJob): void {
    const key = keyOf(metadata);
    this.#progressPace.forget(key);
    const { line, retryLine, roomWaits, keptRoom, rejections } = this.#term;
    line.remove(key);
    keptRoom.leave(key, this.#options.clock.date().getTime());
    retryLine.leave(key);
    roomWaits.forget(key);
    this.enqueue(key); // gives back the places of what was not created; a pass that is under way may just create it
    rejections.forget(metadata.uid);
    this.#progress.forget(metadata.uid);
    this.#doubted.delete(metadata.uid);
    this.#plans.forget(metadata.uid);
    this.#options.onGone(key);
  }
}

/** What a line of the log tells of a MediaJob. */
const fieldsOf = ({ metadata: { namespace, name } }: StoredMediaJob) => ({ namespace, mediajob: name });

/** What a write came to must be known, so that it is bounded by the fence alone; a read is cut off. */
const readingUntil = (signal: AbortSignal, client: Shell["client"]): Shell["client"] => ({
  get: (resource, ref, options) => client.get(resource, ref, { signal, ...options }),
  list: (resource, options) => client.list(resource, { signal, ...options }),
  create: (...asked) => client.create(...asked),
  delete: (...asked) => client.delete(...asked),
  mergePatch: (...asked) => client.mergePatch(...asked),
  replaceStatus: (...asked) => client.replaceStatus(...asked),
});

/** Somebody else wrote first: that happens, and the pass is simply done again. */
function logFailure(
  log: Logger,
  key: ObjectKey,
  error: { cause: unknown; failures: number; retryInMs: number },
): void {
  const [namespace, mediajob] = key.split("/");
  const fields = { namespace, mediajob, failures: error.failures, retryInMs: error.retryInMs };
  if (isConflict(error.cause)) log.debug(fields, "changed meanwhile");
  else log.error({ ...fields, err: error.cause }, "pass failed");
}
