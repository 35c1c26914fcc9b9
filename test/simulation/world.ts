/**
 * A whole simulated cluster for one scenario: the API server, its controllers, nodes, users and webhook receivers, and
 * the operator's processes, with all that goes wrong. Whoever wants to know what happens in it says so by `on`.
 */

import { type Configuration, configuration } from "../../operator/core/configuration.ts";
import { JOBS, LEASES, SECRETS } from "../../operator/kube/api/resources.ts";
import type { Delivery, Signed } from "../../operator/webhooks/deliver.ts";
import type { FaultName } from "./faults.ts";
import { GarbageCollector } from "./model/garbage-collector.ts";
import { JobController } from "./model/job-controller.ts";
import { Kubelet, type Process } from "./model/kubelet.ts";
import { reportProgress } from "./model/reporters.ts";
import { ModelServer, type Written } from "./model/server.ts";
import { tidy } from "./model/tidier.ts";
import { User } from "./model/user.ts";
import type { Heard, Request, Sent } from "./model/wire.ts";
import { Prng } from "./prng.ts";
import { Replica } from "./replica.ts";
import type { Scenario } from "./scenario.ts";
import { VirtualTime } from "./virtual-time.ts";

/** What happens in a world, and what is told of it. */
export interface Happenings {
  written: Written;
  started: Process;
  ended: Process;
  sent: Sent;
  request: Request;
  heard: Heard;
  pass: { by: string; failed: boolean };
  /** A webhook arrived, and how it was answered. */
  received: { event: Signed; by: string; delivery: Delivery };
  defect: unknown;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);

export class World {
  readonly scenario: Scenario;
  readonly configuration: Configuration;
  readonly time = new VirtualTime();
  readonly server: ModelServer;
  readonly kubelet: Kubelet;
  readonly #random: Prng;
  readonly #trace: (line: string) => void;
  readonly #listeners = new Map<string, ((happening: never) => void)[]>();
  /** How far the wall clock of each machine is off. */
  readonly #skewsMs: number[];
  readonly #replicas: (Replica | null)[] = [];
  /** Those that died, too. */
  readonly #everBorn: Replica[] = [];
  #leaseOutUntilMs = 0;
  #fullUntilMs = 0;
  #born = 0;
  #calm = false;

  constructor(scenario: Scenario, told: (atMs: number, line: string) => void = () => {}) {
    this.scenario = scenario;
    this.configuration = configuration.parse(scenario.configuration);
    this.#random = new Prng(`world-${scenario.seed}`);
    const trace = (line: string) => told(this.time.nowMs, line);
    this.#trace = trace;
    this.#skewsMs = [...scenario.skewsMs];
    const { time } = this;
    const wallMs = () => EPOCH_MS + time.nowMs;
    const server = new ModelServer(wallMs);
    this.server = server;
    server.onWrite((written) => this.#tell("written", written));
    const part = (label: string) => ({ server, time, random: this.#random.fork(label), wallMs });
    new JobController(part("job-controller"));
    new GarbageCollector(part("garbage-collector"));
    const reporting = this.#random.fork("reporting");
    this.kubelet = new Kubelet({
      ...part("kubelet"),
      fates: scenario.fates,
      onEnded: (process) => this.#tell("ended", process),
      onStarted: (process) => {
        this.#tell("started", process);
        reportProgress(process, {
          time,
          random: reporting,
          strikes: (fault, random) => this.#strikes(fault, random),
          runs: (asked) => this.kubelet.running.includes(asked),
          send: (message, { pod }) => {
            const { namespace = "", name, uid } = pod.metadata;
            for (const replica of this.#replicas) replica?.report(message, { namespace, name, uid });
          },
        });
      },
    });
    const secret = { metadata: { name: "webhook", namespace: "media" }, data: { secret: "c2VjcmV0" } };
    server.create(SECRETS, secret, "user");
    new User({ server, time, scenario, trace });
    time.after(scenario.calmFromMs, () => {
      this.#calm = true;
      this.#trace("calm from now on: no more faults, no more deeds");
    });
    this.#scheduleFaults();
    for (const index of scenario.skewsMs.keys()) this.#bear(index);
  }

  on<K extends keyof Happenings>(kind: K, listener: (happening: Happenings[K]) => void): void {
    this.#listeners.set(kind, [...(this.#listeners.get(kind) ?? []), listener as (happening: never) => void]);
  }

  get replicas(): readonly Replica[] {
    return this.#replicas.filter((replica) => replica !== null);
  }

  /** Ends every process; each machine starts another at once. */
  restartAll(): void {
    for (const replica of this.replicas) replica.die("on request");
  }

  /** Ends the world: nothing happens in it any more. */
  dispose(): void {
    for (const replica of this.#everBorn) replica.dispose();
  }

  #bear(index: number): void {
    const name = `operator-${index}.${++this.#born}`;
    const { time, server } = this;
    const replica = new Replica({
      name,
      time,
      random: this.#random.fork(name),
      configuration: this.configuration,
      drainMs: this.scenario.drainMs,
      wallMs: () => EPOCH_MS + time.nowMs + (this.#skewsMs[index] ?? 0),
      network: {
        server,
        strikes: (fault, random) => this.#strikes(fault, random),
        isOut: (plural) => plural === LEASES.plural && time.nowMs < this.#leaseOutUntilMs,
        isFull: (plural) => plural === JOBS.plural && time.nowMs < this.#fullUntilMs,
        onSent: (sent) => this.#tell("sent", sent),
        onHeard: (heard) => this.#tell("heard", heard),
        onRequest: (request) => this.#tell("request", request),
      },
      send: (event, by) => this.#receive(event, by),
      onPass: (by, failed) => this.#tell("pass", { by: by.name, failed }),
      onDeath: (dead) => {
        this.#replicas[index] = null;
        const delayMs = this.#calm ? 100 : this.#random.fork(`${dead.name}-rests`).skewed(100, 40_000);
        time.after(delayMs, () => this.#bear(index));
      },
      onDefect: (error) => this.#tell("defect", error),
      trace: this.#trace,
    });
    this.#replicas[index] = replica;
    this.#everBorn.push(replica);
    this.#trace(`${name} starts`);
    replica.start();
  }

  #receive(event: Signed, by: Replica): Promise<Delivery> {
    const random = this.#random.fork(`receiver-${event.id}-${this.time.nowMs}`);
    const delivery: Delivery = this.#strikes("receiverDown", random)
      ? { outcome: "retry", error: "503" }
      : this.#strikes("receiverGone", random)
        ? { outcome: "gone", error: "410 Gone" }
        : { outcome: "delivered", status: 200 };
    return new Promise((resolve) => {
      this.time.after(random.skewed(1, 200), () => {
        this.#tell("received", { event, by: by.name, delivery });
        this.time.after(random.skewed(1, 200), () => by.deliver(() => resolve(delivery)));
      });
    });
  }

  #strikes(fault: FaultName, random: Prng): boolean {
    if (this.#calm) return false;
    return random.chance(this.scenario.faults[fault] ?? 0);
  }

  #scheduleFaults(): void {
    const everywhere = (strike: (replica: Replica, random: Prng) => void) => (random: Prng) => {
      if (this.replicas.length) strike(random.pick(this.replicas), random);
    };
    this.#perMinute("compaction", () => this.server.compact());
    this.#perMinute(
      "crash",
      everywhere((replica) => replica.die("by chance")),
    );
    this.#perMinute(
      "pause",
      everywhere((replica, random) => replica.standStill(random.skewed(500, 40_000))),
    );
    this.#perMinute("clockJump", (random) => {
      const index = random.int(0, this.#skewsMs.length - 1);
      this.#skewsMs[index] = (this.#skewsMs[index] ?? 0) + random.between(-300_000, 300_000);
      this.#trace(`the clock of operator-${index} is ${Math.round(this.#skewsMs[index] ?? 0)} ms off`);
    });
    this.#perMinute("nodeLoss", (random) => this.kubelet.loseNode(random));
    this.#perMinute("leaseOutage", (random) => {
      this.#leaseOutUntilMs = this.time.nowMs + random.between(5_000, 20_000);
    });
    this.#perMinute("quota", (random) => {
      this.#fullUntilMs = this.time.nowMs + random.between(1_000, 60_000);
    });
    this.#perMinute("eviction", (random) => this.kubelet.evict(random));
    this.#perMinute("tidying", (random) => tidy(this, random));
  }

  /** Strikes at random moments, `rate` times in a minute on average, until it is calm. */
  #perMinute(fault: FaultName, strike: (random: Prng) => void): void {
    const rate = this.scenario.faults[fault] ?? 0;
    if (rate === 0) return;
    const random = this.#random.fork(fault);
    const next = () => {
      this.time.after((-Math.log(1 - random.next()) * 60_000) / rate, () => {
        if (this.#calm) return;
        this.#trace(`fault: ${fault}`);
        strike(random);
        next();
      });
    };
    next();
  }

  #tell<K extends keyof Happenings>(kind: K, happening: Happenings[K]): void {
    for (const listener of this.#listeners.get(kind) ?? []) listener(happening as never);
  }
}
