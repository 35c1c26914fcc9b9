/**
 * The nodes with their kubelets: start a pod's process, tell the API server what became of it, end it when the pod is
 * deleted. Owns the processes, which are the truth that pods only tell of, later; a node that is lost tells nothing.
 */
import { LABELS, UNIT_ANNOTATION } from "../../../crds/group.ts";
import type { Unit } from "../../../crds/unit.ts";
import { NODES, PODS, type Pod } from "../../../operator/kube/api/resources.ts";
import { ATTEMPT_ANNOTATIONS } from "../../../operator/kube/jobs/unit-job.ts";
import type { Prng } from "../prng.ts";
import type { FateName } from "../scenario.ts";
import type { VirtualTime } from "../virtual-time.ts";
import { isTerminal, type ModelServer } from "./server.ts";
import { type Attempt, drawFate, type Fate, stoppedExit } from "./worker.ts";

/** A worker that runs, or did. */
export interface Process extends Attempt {
  readonly pod: Pod;
  /** UID of the MediaJob. */
  readonly mediaJob: string;
  readonly fate: Fate;
  readonly startedAtMs: number;
  readonly node: string;
  /** How it ended; undefined while it runs, and where nobody knows. */
  exit?: Exit;
}

export interface KubeletOptions {
  readonly server: ModelServer;
  readonly time: VirtualTime;
  readonly random: Prng;
  readonly wallMs: () => number;
  readonly fates: Readonly<Record<FateName, number>>;
  readonly onStarted: (process: Process) => void;
  readonly onEnded: (process: Process) => void;
}

const BY = "kubelet";
const GRACE_MS = 10_000;
const NODE_NAMES = ["node-a", "node-b", "node-c"];

/** How long a node may be silent before the node controller says so; it is 50 s, and less here to be seen often. */
const SILENT_NODE_MS = 10_000;

type Exit = Pick<Fate, "exitCode" | "reason" | "message">;

export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #running = new Map<string, Process>();
  readonly #nodeOf = new Map<string, string>();
  /** What lost nodes would say if they could. */
  readonly #lost = new Map<string, (() => void)[]>();
  readonly #unreachable = new Map<string, number>();
  /** The last time that a node was taken for unreachable, and until when. */
  readonly #wereUnreachable = new Map<string, { sinceMs: number; untilMs: number }>();
  readonly #stopping = new Set<string>();

  constructor(options: KubeletOptions) {
    this.#options = options;
    for (const node of NODE_NAMES) this.#addNode(node);
    options.server.onWrite(({ plural, type, object }) => {
      if (plural !== "pods") return;
      const pod = object as Pod;
      if (type === "ADDED") this.#schedule(pod);
      if (type === "MODIFIED" && pod.metadata.deletionTimestamp && !isTerminal(pod)) this.#stop(pod);
    });
  }

  get running(): readonly Process[] {
    return [...this.#running.values()];
  }

  /** Drains or preempts a pod that runs. */
  evict(random: Prng): void {
    const { server, time } = this.#options;
    const pods = server.list(PODS).filter((pod) => !isTerminal(pod) && !pod.metadata.deletionTimestamp);
    if (!pods.length) return;
    const pod = random.pick(pods);
    this.#disrupt(pod, "EvictionByEvictionAPI");
    time.after(random.skewed(0, 500), () =>
      this.#withPod(pod, () => server.delete(PODS, pod.metadata, { by: "drain" })),
    );
  }

  /**
   * A node stops talking. Its processes die at once, or go on where nobody sees them; later it comes back and tells
   * how they ended, or it is removed, and the pod garbage collector says so of its pods.
   */
  loseNode(random: Prng): void {
    const { time } = this.#options;
    const node = random.pick(NODE_NAMES);
    if (this.#lost.has(node)) return;
    this.#lost.set(node, []);
    if (random.chance(0.5))
      for (const process of this.running.filter((process) => process.node === node))
        this.#exit(process, { exitCode: 137, reason: "ContainerStatusUnknown", message: "the node crashed" });
    const returns = random.chance(0.6);
    time.after(SILENT_NODE_MS, () => this.#sayReady(node, this.#lost.has(node) ? "Unknown" : "True"));
    time.after(random.skewed(1000, 240_000), () =>
      returns ? this.#nodeReturns(node) : this.#nodeRemoved(node),
    );
  }

  #nodeReturns(node: string): void {
    const said = this.#lost.get(node) ?? [];
    this.#lost.delete(node);
    this.#sayReady(node, "True");
    for (const say of said) say();
  }

  #nodeRemoved(node: string): void {
    const { server } = this.#options;
    this.#lost.delete(node);
    server.delete(NODES, { name: node }, { by: "node-controller" });
    this.#addNode(node); // another machine takes its name
    for (const pod of server.list(PODS)) {
      if (this.#nodeOf.get(pod.metadata.uid) !== node || isTerminal(pod)) continue;
      const process = this.#running.get(pod.metadata.uid);
      if (process) this.#over(process);
      this.#disrupt(pod, "DeletionByPodGC");
      this.#withPod(pod, () => {
        server.change(PODS, pod.metadata, "pod-gc", (current) => ({
          ...current,
          status: { ...current.status, phase: "Failed" },
        }));
        this.#withPod(pod, () => server.delete(PODS, pod.metadata, { by: "pod-gc" }));
      });
    }
  }

  /** When the cluster began to take a node for unreachable; null for one that it does not. */
  unreachableSinceMs(node: string): number | null {
    return this.#unreachable.get(node) ?? null;
  }

  /** Whether the cluster ever took the node for unreachable: an operator may believe so for a while after. */
  wasUnreachable(node: string): boolean {
    return this.#unreachable.has(node) || this.#wereUnreachable.has(node);
  }

  /** As `unreachableSinceMs`, also for a node that has been back for no longer than that. */
  unreachableLatelySinceMs(node: string, backForMs: number): number | null {
    const former = this.#wereUnreachable.get(node);
    const isBackForLonger = !former || this.#options.time.nowMs - former.untilMs > backForMs;
    return this.unreachableSinceMs(node) ?? (isBackForLonger ? null : former.sinceMs);
  }

  #addNode(name: string): void {
    this.#options.server.create(NODES, { metadata: { name } }, "node-controller");
    this.#sayReady(name, "True");
  }

  #sayReady(name: string, status: "True" | "Unknown"): void {
    const { server, time, wallMs } = this.#options;
    const sinceMs = this.#unreachable.get(name);
    if (status !== "True") this.#unreachable.set(name, sinceMs ?? time.nowMs);
    else if (sinceMs !== undefined) {
      this.#unreachable.delete(name);
      this.#wereUnreachable.set(name, { sinceMs, untilMs: time.nowMs });
    }
    const lastTransitionTime = new Date(wallMs()).toISOString();
    server.change(NODES, { name }, "node-controller", (node) =>
      node.status?.conditions?.[0]?.status === status
        ? node
        : { ...node, status: { conditions: [{ type: "Ready", status, lastTransitionTime }] } },
    );
  }

  #disrupt(pod: Pod, reason: string): void {
    this.#withPod(pod, () =>
      this.#options.server.change(PODS, pod.metadata, "disruption", (current) => ({
        ...current,
        status: {
          ...current.status,
          conditions: [
            ...(current.status?.conditions ?? []),
            { type: "DisruptionTarget", status: "True", reason, message: `${reason}, says the model` },
          ],
        },
      })),
    );
  }

  #schedule(pod: Pod): void {
    const { server, time, random } = this.#options;
    const up = NODE_NAMES.filter((node) => !this.#lost.has(node));
    const [node] = up.length ? [random.pick(up)] : [];
    if (!node) {
      time.after(1000, () => this.#withPod(pod, () => this.#schedule(pod)));
      return;
    }
    this.#nodeOf.set(pod.metadata.uid, node);
    server.change(PODS, pod.metadata, "scheduler", (current) => ({
      ...current,
      spec: { ...current.spec, nodeName: node, containers: [] },
    }));
    time.after(random.skewed(20, 3000), () => this.#start(pod, node));
  }

  #start(pod: Pod, node: string): void {
    if (this.#lost.has(node)) {
      this.#tell(node, () => this.#start(pod, node));
      return;
    }
    const { server, time, random, fates, onStarted } = this.#options;
    const current = server.get(PODS, pod.metadata);
    if (current?.metadata.uid !== pod.metadata.uid || isTerminal(current)) return;
    if (current.metadata.deletionTimestamp || this.#stopping.has(pod.metadata.uid)) return;
    const { labels, annotations, uid } = pod.metadata;
    const unit = labels?.[LABELS.unit] ?? "";
    const mediaJob = labels?.[LABELS.jobUid] ?? "";
    const {
      sources = [],
      wholeUpToSeconds,
      finalize,
    } = JSON.parse(annotations?.[UNIT_ANNOTATION] ?? "{}") as Partial<Unit>;
    const attempt: Attempt = {
      unit,
      sources: sources.length,
      wholeUpToSeconds,
      reports: (finalize?.formats.length ?? 0) > 0,
      attempt: Number(labels?.[LABELS.attempt]),
      memoryBytes: Number(annotations?.[ATTEMPT_ANNOTATIONS.memoryBytes]),
    };
    const fate = drawFate(attempt, {
      ofAttempt: random.fork(`${mediaJob}/${unit}/${attempt.attempt}/${uid}`),
      ofUnit: random.fork(`${mediaJob}/${unit}`),
      weights: fates,
    });
    const process: Process = { ...attempt, pod, mediaJob, fate, node, startedAtMs: time.nowMs };
    this.#running.set(uid, process);
    onStarted(process);
    this.#report(process, { phase: "Running" });
    if (Number.isFinite(fate.durationMs)) time.after(fate.durationMs, () => this.#exit(process, fate));
  }

  #stop(pod: Pod) {
    const { time } = this.#options;
    const { uid } = pod.metadata;
    if (this.#stopping.has(uid)) return;
    const node = this.#nodeOf.get(uid);
    if (node && this.#lost.has(node)) return this.#tell(node, () => this.#stop(pod));
    this.#stopping.add(uid);
    const process = this.#running.get(uid);
    if (!process) {
      time.after(100, () => this.#withPod(pod, (current) => this.#fail(current)));
      return;
    }
    time.after(GRACE_MS * process.fate.stopsAfter, () =>
      this.#exit(process, stoppedExit(process, process.fate)),
    );
  }

  /** A pod that never started a process, or whose process nobody knows of any more. */
  #fail(pod: Pod): void {
    if (isTerminal(pod)) return;
    this.#options.server.change(PODS, pod.metadata, BY, (current) => ({
      ...current,
      status: { ...current.status, phase: "Failed" },
    }));
  }

  #exit(process: Process, exit: Exit): void {
    if (this.#running.get(process.pod.metadata.uid) !== process) return;
    process.exit = exit;
    this.#over(process);
    const terminated = {
      exitCode: exit.exitCode,
      reason: exit.reason,
      finishedAt: new Date(this.#options.wallMs()).toISOString().replace(/\.\d+Z$/, "Z"),
      ...(exit.message !== undefined && { message: exit.message }),
    };
    this.#report(process, {
      phase: exit.exitCode === 0 ? "Succeeded" : "Failed",
      containerStatuses: [{ name: "worker", state: { terminated } }],
    });
  }

  #over(process: Process): void {
    this.#running.delete(process.pod.metadata.uid);
    this.#options.onEnded(process);
  }

  /** Tells the API server, a little later; what is told first arrives first. */
  #report({ pod, node }: Process, status: object): void {
    const { server, time, random } = this.#options;
    const tell = () =>
      this.#withPod(pod, (current) => {
        if (this.#lost.has(node)) return this.#tell(node, tell);
        if (isTerminal(current)) return;
        server.change(PODS, pod.metadata, BY, (found) => ({
          ...found,
          status: { ...found.status, ...status },
        }));
      });
    time.after(random.skewed(1, 30), tell);
  }

  #tell(node: string, say: () => void): void {
    this.#lost.get(node)?.push(say);
  }

  #withPod(pod: Pod, work: (current: Pod) => void): void {
    const current = this.#options.server.get(PODS, pod.metadata);
    if (current?.metadata.uid === pod.metadata.uid) work(current);
  }
}
