/** The users of a cluster: create MediaJobs, and do to them what the scenario says. They are never refused. */
import { type MediaJobSpec, mediaJobSpec } from "../../../crds/media-job.ts";
import { MEDIA_JOBS, type StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import type { Deed, Scenario, WantedMediaJob } from "../scenario.ts";
import type { VirtualTime } from "../virtual-time.ts";
import type { ModelServer } from "./server.ts";

const NAMESPACE = "media";
const BY = "user";

export class User {
  readonly #server: ModelServer;
  readonly #wanted: ReadonlyMap<string, WantedMediaJob>;
  readonly #trace: (line: string) => void;
  /** Once it is calm nobody leaves a MediaJob suspended, not even one that is created again. */
  #resumesAll = false;

  constructor({
    server,
    time,
    scenario,
    trace,
  }: {
    server: ModelServer;
    time: VirtualTime;
    scenario: Scenario;
    trace: (line: string) => void;
  }) {
    this.#server = server;
    this.#trace = trace;
    this.#wanted = new Map(scenario.mediaJobs.map((wanted) => [wanted.name, wanted]));
    for (const wanted of scenario.mediaJobs) time.after(wanted.atMs, () => this.#create(wanted));
    for (const deed of scenario.deeds) time.after(deed.atMs, () => this.#do(deed));
    time.after(scenario.calmFromMs, () => {
      this.#resumesAll = true;
      for (const { metadata } of server.list(MEDIA_JOBS))
        this.#edit(metadata.name, () => ({ suspend: false }));
    });
    server.onWrite(({ plural, object, before }) => {
      const { replaysAfterMs } = scenario;
      if (plural !== MEDIA_JOBS.plural || replaysAfterMs === null) return;
      if (listed(object as StoredMediaJob) > listed(before as StoredMediaJob | null))
        time.after(replaysAfterMs, () =>
          this.#do({ atMs: time.nowMs, job: object.metadata.name, do: "ReplayWebhooks" }),
        );
    });
    const retried = new Set<string>();
    server.onWrite(({ plural, object }) => {
      const { retriesAfterMs } = scenario;
      if (plural !== MEDIA_JOBS.plural || retriesAfterMs === null) return;
      const { metadata, status } = object as StoredMediaJob;
      const failed = status?.phase === "Failed" || status?.phase === "PartiallySucceeded";
      if (!failed || retried.has(metadata.uid)) return;
      retried.add(metadata.uid);
      time.after(retriesAfterMs, () => this.#do({ atMs: time.nowMs, job: metadata.name, do: "Retry" }));
    });
    // In the end somebody cares for what was lost.
    server.onWrite(({ plural, object }) => {
      const waits =
        plural === MEDIA_JOBS.plural && (object as StoredMediaJob).status?.phase === "RecoveryRequired";
      if (!waits) return;
      const lookAtMs = Math.max(scenario.calmFromMs, time.nowMs) + 1000;
      time.after(lookAtMs - time.nowMs, () => {
        if (this.#found(object.metadata.name)?.status?.phase === "RecoveryRequired")
          this.#do({ atMs: time.nowMs, job: object.metadata.name, do: "Retry" });
      });
    });
  }

  #create({ name, spec }: WantedMediaJob): void {
    if (this.#server.get(MEDIA_JOBS, { name, namespace: NAMESPACE })) return;
    this.#trace(`user creates ${name}`);
    const metadata = { name, namespace: NAMESPACE };
    const wanted = mediaJobSpec.parse(spec);
    const suspend = wanted.suspend && !this.#resumesAll;
    this.#server.create(MEDIA_JOBS, { metadata, spec: { ...wanted, suspend } }, BY);
  }

  #do(deed: Deed) {
    const name = deed.job;
    const wanted = this.#wanted.get(name);
    switch (deed.do) {
      case "CreateAgain":
        return wanted && this.#create(wanted);
      case "Delete": {
        if (!this.#found(name)) return;
        this.#trace(`user deletes ${name}, ${deed.propagation}`);
        this.#server.delete(
          MEDIA_JOBS,
          { name, namespace: NAMESPACE },
          { propagationPolicy: deed.propagation, by: BY },
        );
        return;
      }
      case "Suspend":
        return this.#edit(name, () => ({ suspend: true }));
      case "Resume":
        return this.#edit(name, () => ({ suspend: false }));
      case "Cancel":
        return this.#edit(name, () => ({ cancel: true }));
      case "Retry":
        return this.#edit(name, ({ retryGeneration }) => ({ retryGeneration: retryGeneration + 1 }));
      case "SetParallelism":
        return this.#edit(name, () => ({ parallelism: deed.parallelism }));
      case "SetPriority":
        return this.#edit(name, () => ({ priority: deed.priority as MediaJobSpec["priority"] }));
      case "AddWebhook":
        return this.#edit(name, ({ webhooks }) => ({
          webhooks: webhooks.some((webhook) => webhook.name === "late")
            ? webhooks
            : [
                ...webhooks,
                {
                  name: "late",
                  url: "https://receiver.example/late",
                  secretRef: { name: "webhook", key: "secret" },
                },
              ],
        }));
      case "ReplayWebhooks":
        return this.#edit(name, ({ webhookReplayGeneration: last }) => ({
          webhookReplayGeneration: last + 1,
        }));
      case "RemoveWebhook":
        return this.#edit(name, ({ webhooks }) => ({ webhooks: webhooks.slice(1) }));
    }
  }

  #edit(name: string, change: (spec: MediaJobSpec) => Partial<MediaJobSpec>): void {
    const job = this.#found(name);
    if (!job) return;
    const patch = change(job.spec);
    this.#trace(`user sets ${JSON.stringify(patch)} in ${name}`);
    this.#server.change(MEDIA_JOBS, job.metadata, BY, (current) => ({
      ...current,
      spec: { ...current.spec, ...patch },
    }));
  }

  #found(name: string): StoredMediaJob | undefined {
    const job = this.#server.get(MEDIA_JOBS, { name, namespace: NAMESPACE });
    return job?.metadata.deletionTimestamp ? undefined : job;
  }
}

/** How many dead letters a MediaJob's endpoints have. */
const listed = (job: StoredMediaJob | null): number =>
  (job?.status?.webhooks ?? []).reduce((sum, { undelivered = [] }) => sum + undelivered.length, 0);
