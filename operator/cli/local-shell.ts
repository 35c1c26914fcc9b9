import { randomUUID } from "node:crypto";
import type { MediaJob } from "../../crds/media-job.ts";
import { isTerminal } from "../../crds/media-job-status.ts";
import { childName } from "../core/child-name.ts";
import type { Configuration } from "../core/configuration.ts";
import { grow, type Plan, plan } from "../core/plan/plan.ts";
import type { ObservedAttempt } from "../core/reconcile/attempt.ts";
import { decide } from "../core/reconcile/decide.ts";
import type { Action, Observation, UnitProgress } from "../core/reconcile/decision.ts";
import { growthOf } from "../core/reconcile/growth.ts";
import { policyOf } from "../core/reconcile/policy.ts";
import { timestampOf } from "../core/timestamp.ts";
import { unitOf } from "../core/unit-of.ts";
import { systemClock } from "../kube/clock.ts";
import { ChildAttempt } from "./child-attempt.ts";
import type { Stop } from "./stop.ts";

/** What a display may show while a MediaJob runs. */
export interface LocalView {
  job: MediaJob;
  plan: Plan;
  progress: ReadonlyMap<string, UnitProgress>;
  attempts: readonly ObservedAttempt[];
}

/**
 * Runs one MediaJob on this machine: the core that decides in the cluster decides here, and each attempt is
 * a child process instead of a Kubernetes Job. Ends with the MediaJob in a terminal phase, or in one that only a
 * person ends, such as Suspended; a stop cancels it and waits until every child is gone.
 */
export async function runLocally(
  manifest: MediaJob,
  {
    configuration,
    workerFile,
    volumes,
    secrets,
    stop,
    onChange,
  }: {
    configuration: Configuration;
    workerFile: string;
    volumes: Readonly<Record<string, string>>;
    /** Directory of each Secret, with a file for each of its keys. */
    secrets: Readonly<Record<string, string>>;
    stop: Pick<Stop, "signal" | "now">;
    onChange: (view: LocalView) => void;
  },
): Promise<LocalView> {
  let job = admitted(manifest);
  const { pools } = configuration;
  const policy = policyOf(configuration);
  let planned = plan(job.spec, pools);
  const attempts = new Map<string, ChildAttempt>();
  const progress = new Map<string, UnitProgress>();
  const wake = new Wake();
  stop.signal.addEventListener("abort", () => wake.now(), { once: true });
  stop.now.addEventListener("abort", () => [...attempts.values()].forEach((attempt) => void attempt.kill()));

  for (;;) {
    if (stop.signal.aborted && !job.spec.cancel) job = { ...job, spec: { ...job.spec, cancel: true } };
    const observation: Observation = {
      job,
      attempts: [...attempts.values()].map(({ observed }) => observed),
      progress,
      deliveries: [],
      ...freeRoom(configuration, attempts.values()),
      position: 1,
      nowMs: Date.now(),
    };
    const growth = growthOf(planned, observation, policy);
    if (growth) planned = grow(planned, growth, { spec: job.spec, pools });
    const decision = decide(observation, planned, policy);
    for (const action of decision.actions) await apply(action);
    job = { ...job, status: decision.status };
    const view = {
      job,
      plan: planned,
      progress,
      attempts: [...attempts.values()].map(({ observed }) => observed),
    };
    onChange(view);
    if (isTerminal(decision.status.phase)) return view;
    const waitsForNothing = decision.requeueAfterMs === null && !view.attempts.some(isRunning);
    if (waitsForNothing && !wake.isPending) return view;
    await wake.wait(decision.requeueAfterMs);
  }

  async function apply(action: Action): Promise<void> {
    if (action.do === "StopAttempt" || action.do === "FailAttempt") attempts.get(action.attempt.name)?.stop();
    if (action.do !== "StartAttempt") return;
    const { unit, attempt, placed, finalize } = action;
    const name = childName(job.metadata.name, unit.name, attempt);
    const child = await ChildAttempt.start({
      unit: unitOf({ job, planned: unit, attempt, placed, finalize }),
      name,
      pool: placed.pool,
      workerFile,
      volumes,
      secrets,
      onProgress: ({ fraction, stage }) => {
        progress.set(unit.name, { attempt, fraction, stage });
        wake.now();
      },
    });
    attempts.set(name, child);
    void child.ended.then(() => wake.now());
  }
}

const isRunning = ({ state }: ObservedAttempt): boolean => state === "Active" || state === "Ending";

/** What the API server would have filled in. */
function admitted(manifest: MediaJob): MediaJob {
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      namespace: manifest.metadata.namespace ?? "default",
      uid: randomUUID(),
      generation: 1,
      creationTimestamp: timestampOf(Date.now()),
    },
  };
}

function freeRoom(
  { pools, concurrency }: Configuration,
  attempts: Iterable<ChildAttempt>,
): Pick<Observation, "free" | "freeInAll"> {
  const running = [...attempts].filter(({ observed }) => isRunning(observed));
  const freeInAll = concurrency - running.length;
  const free = new Map(
    pools.map(({ name, concurrency }) => {
      const inPool = running.filter(({ observed }) => observed.pool === name).length;
      return [name, Math.min(freeInAll, concurrency - inPool)];
    }),
  );
  return { free, freeInAll };
}

/** Waits for the next thing to happen; what happens while nobody waits is not lost. */
class Wake {
  #pending = false;
  #resolve: (() => void) | undefined;

  get isPending(): boolean {
    return this.#pending;
  }

  now(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  async wait(timeoutMs: number | null): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        const cancel = timeoutMs === null ? undefined : systemClock.after(timeoutMs, resolve);
        this.#resolve = () => {
          cancel?.();
          resolve();
        };
      });
    }
    this.#resolve = undefined;
    this.#pending = false;
  }
}
