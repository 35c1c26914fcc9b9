/**
 * One operator process, wired as operator/main.ts wires it, in a world of its own time and network. It dies with all
 * it knows; the next one on the same machine starts with nothing but the machine's clock.
 */
import type { Logger } from "pino";
import type { ProgressMessage } from "../../crds/progress.ts";
import type { Configuration } from "../../operator/core/configuration.ts";
import { ApiError } from "../../operator/kube/api/api-error.ts";
import type { KubeClient } from "../../operator/kube/api/client.ts";
import { secretReader } from "../../operator/kube/api/secrets.ts";
import { createCaches } from "../../operator/kube/cache/caches.ts";
import type { Clock } from "../../operator/kube/clock.ts";
import { Controller } from "../../operator/kube/controller.ts";
import { LeaderElector } from "../../operator/kube/leader.ts";
import type { Delivery, Signed } from "../../operator/webhooks/deliver.ts";
import { Dispatcher } from "../../operator/webhooks/dispatcher.ts";
import { Network } from "./model/network.ts";
import type { Endpoint, NetworkOptions } from "./model/wire.ts";
import type { Prng } from "./prng.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface ReplicaOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly random: Prng;
  readonly configuration: Configuration;
  /** How long passes are given to end when a term does. */
  readonly drainMs: number;
  /** The machine's wall clock. */
  readonly wallMs: () => number;
  readonly network: Omit<NetworkOptions, "endpoint" | "random" | "time">;
  /** Sends a webhook; resolves when it was answered. */
  readonly send: (event: Signed, by: Replica) => Promise<Delivery>;
  readonly onPass: (by: Replica, failed: boolean) => void;
  readonly onDeath: (by: Replica, why: string) => void;
  /** What no fault of the world explains: an error in a handler, a TypeError. */
  readonly onDefect: (error: unknown) => void;
  readonly trace: (line: string) => void;
}

export class Replica implements Endpoint {
  readonly name: string;
  readonly #options: ReplicaOptions;
  readonly #stop = new AbortController();
  readonly #clock: Clock;
  readonly #controller: Controller;
  readonly #elector: LeaderElector;
  readonly #caches: ReturnType<typeof createCaches>;
  #term = new AbortController();
  #alive = true;
  #stillUntilMs = 0;
  /** What arrived while it stood still, in order. */
  readonly #held: (() => void)[] = [];

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.name = options.name;
    const { time, random, wallMs } = options;
    const bornMs = time.nowMs;
    const clock: Clock = {
      now: () => time.nowMs - bornMs,
      date: () => new Date(wallMs()),
      after: (delayMs, callback) => time.after(delayMs, () => this.deliver(callback)),
    };
    this.#clock = clock;
    const client: KubeClient = new Network({
      ...options.network,
      time,
      random: random.fork("network"),
      endpoint: this,
    }) as unknown as KubeClient;
    const chance = random.fork("chance");
    const common = { clock, random: () => chance.next() };
    this.#caches = createCaches({
      ...common,
      client,
      onError: (kind, error, retryInMs) => {
        if (retryInMs === 0) options.onDefect(error);
        this.#trace(`cache of ${kind}: ${(error as Error)?.message}`);
      },
    });
    const log = this.#log();
    const dispatcher = new Dispatcher({
      secretOf: secretReader(client, clock),
      send: (event) => options.send(event, this),
      sleep: (ms) => this.#sleepInTerm(ms),
      now: () => clock.date(),
      elapsedMs: () => clock.now(),
      random: () => chance.next(),
      leads: () => !this.#term.signal.aborted,
      log,
      onOutcome: (key) => this.#controller.enqueue(key),
    });
    this.#controller = new Controller({
      ...common,
      client,
      caches: this.#caches,
      configuration: () => options.configuration,
      log,
      instance: this.name,
      remainingMs: () => this.#elector.remainingMs(),
      deliveriesOf: (key) => dispatcher.outcomes(key),
      onOutbox: (key, job) => {
        dispatcher.acknowledge(key, job);
        dispatcher.dispatch(key, job);
      },
      onGone: (key) => dispatcher.forget(key),
      metrics: {
        onPass: (_, failed) => options.onPass(this, failed),
        onStart: () => {},
        onPhase: () => {},
      },
    });
    this.#elector = new LeaderElector({
      ...common,
      client,
      lease: { namespace: "mediajob", name: "mediajob-operator" },
      identity: this.name,
      onStarted: async () => {
        this.#trace("leads");
        this.#term = new AbortController();
        await this.#controller.start(this.#term.signal);
      },
      onStopped: async () => {
        this.#trace("leads no more");
        this.#term.abort();
        await this.#controller.stop(options.drainMs);
      },
      onError: (error) => this.#trace(`election: ${(error as Error)?.message}`),
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  get leads(): boolean {
    return this.#alive && this.#elector.isLeader;
  }

  get synced(): boolean {
    return this.#caches.unsynced().length === 0;
  }

  start(): void {
    this.#options.time.wake();
    void this.#run().catch((error) => this.#options.onDefect(error));
  }

  deliver(callback: () => void): void {
    const { time } = this.#options;
    if (!this.#alive) return;
    if (time.nowMs < this.#stillUntilMs || this.#held.length > 0) {
      this.#held.push(callback);
      return;
    }
    time.wake();
    callback();
  }

  /** Takes what was held, one after the other: what arrives meanwhile comes behind it. */
  #goOn(): void {
    const { time } = this.#options;
    if (!this.#alive || time.nowMs < this.#stillUntilMs) return;
    const callback = this.#held.shift();
    if (!callback) return;
    time.wake();
    callback();
    if (this.#held.length > 0) time.after(0, () => this.#goOn());
  }

  die(why: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#trace(`dies ${why}`);
    this.#options.onDeath(this, why);
  }

  /** Lets go of all that waits: Node keeps a signal that somebody listens to, and so the whole world, for ever. */
  dispose(): void {
    this.#alive = false;
    this.#stop.abort();
    this.#term.abort();
  }

  standStill(forMs: number): void {
    this.#trace(`stands still for ${Math.round(forMs)} ms`);
    const { time } = this.#options;
    this.#stillUntilMs = Math.max(this.#stillUntilMs, time.nowMs + forMs);
    time.at(this.#stillUntilMs, () => this.#goOn());
  }

  /** As the progress route does: a pod it does not know may not speak. */
  report(message: ProgressMessage, pod: { namespace: string; name: string; uid: string }): void {
    this.deliver(() => {
      const known = this.#controller.workerPod(pod.namespace, pod.name);
      if (this.leads && known?.uid === pod.uid) this.#controller.acceptProgress(message);
    });
  }

  async #run(): Promise<void> {
    const watching = this.#caches.run(this.#stop.signal);
    await Promise.race([this.#caches.whenSynced(), watching]);
    await this.#elector.run(this.#stop.signal);
  }

  #sleepInTerm(ms: number): Promise<boolean> {
    const { signal } = this.#term;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(false);
      const cancel = this.#clock.after(ms, () => resolve(true));
      signal.addEventListener("abort", () => {
        cancel();
        resolve(false);
      });
    });
  }

  #trace(line: string): void {
    this.#options.trace(`${this.name} ${line}`);
  }

  #log(): Logger {
    const say = (fields: object, text: string) => {
      const { err } = fields as { err?: unknown };
      if (err !== undefined && isDefect(err)) this.#options.onDefect(err);
      if (err !== undefined) this.#trace(`${text}: ${(err as Error)?.message}`);
    };
    return { debug: say, info: say, warn: say, error: say } as unknown as Logger;
  }
}

const isDefect = (error: unknown): boolean =>
  (error instanceof ApiError && error.code === 422) ||
  [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
