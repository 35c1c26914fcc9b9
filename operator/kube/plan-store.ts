import { gunzipSync, gzipSync } from "node:zlib";
import { API_VERSION } from "../../crds/group.ts";
import type { Configuration } from "../core/configuration.ts";
import type { Corrections } from "../core/plan/learning.ts";
import { placeAnew } from "../core/plan/place-anew.ts";
import { type Plan, plan } from "../core/plan/plan.ts";
import { isAlreadyExists } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import { CONFIG_MAPS, type ConfigMap, type StoredMediaJob } from "./resources.ts";
import { MANAGED_BY } from "./unit-job.ts";

const KEY = "plan.json.gz";

/**
 * The plans of MediaJobs. A MediaJob of several units is planned once: the plan is kept in an immutable
 * ConfigMap that it owns, so an operator of another version or with other pools goes on with it (only a unit whose
 * pool is gone is placed anew), and a
 * person can read it (`kubectl get configmap NAME -o jsonpath='{.binaryData.plan\.json\.gz}' | base64 -d |
 * gunzip`). A plan of one unit travels with that unit's Job and needs no object of its own.
 */
export class PlanStore {
  readonly #client: Pick<KubeClient, "create" | "get">;
  /** By UID, with the pools that it has been placed in. */
  readonly #plans = new Map<string, { plan: Plan; pools: Configuration["pools"] }>();
  readonly #corrections: () => Corrections;

  constructor(client: Pick<KubeClient, "create" | "get">, corrections: () => Corrections = () => ({})) {
    this.#client = client;
    this.#corrections = corrections;
  }

  async of(job: StoredMediaJob, configuration: Configuration, limits: { timeoutMs: number }): Promise<Plan> {
    const { pools } = configuration;
    const known = this.#plans.get(job.metadata.uid);
    if (known?.pools === pools) return known.plan;
    const found = known?.plan ?? (await this.#planOf(job, pools, limits));
    const placed = placeAnew(found, job.spec, pools);
    this.#plans.set(job.metadata.uid, { plan: placed, pools });
    return placed;
  }

  forget(uid: string): void {
    this.#plans.delete(uid);
  }

  async #planOf(job: StoredMediaJob, pools: Configuration["pools"], limits: { timeoutMs: number }) {
    const made = plan(job.spec, pools, this.#corrections());
    return made.units.length > 1 ? await this.#keep(job, made, limits) : made;
  }

  /** Stores the plan if there is none yet; the one that is stored counts. */
  async #keep(job: StoredMediaJob, made: Plan, limits: { timeoutMs: number }): Promise<Plan> {
    const ref = { namespace: job.metadata.namespace, name: planName(job) };
    const isNew = job.status?.phase === undefined;
    const stored = isNew ? null : await this.#client.get(CONFIG_MAPS, ref, limits);
    if (stored) return read(stored) ?? made;
    try {
      await this.#client.create(CONFIG_MAPS, draft(job, made), limits);
      return made;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const found = await this.#client.get(CONFIG_MAPS, ref, limits);
      return (found && read(found)) ?? made;
    }
  }
}

/** The UID makes it another name for another MediaJob of the same name. */
const planName = ({ metadata }: StoredMediaJob) =>
  `${metadata.name.slice(0, 200)}-plan-${metadata.uid.slice(0, 8)}`;

const draft = (job: StoredMediaJob, made: Plan) => ({
  metadata: {
    name: planName(job),
    ...(job.metadata.namespace && { namespace: job.metadata.namespace }),
    labels: { ...MANAGED_BY, "app.kubernetes.io/part-of": "mediajob" },
    ownerReferences: [
      {
        apiVersion: API_VERSION,
        kind: "MediaJob",
        name: job.metadata.name,
        uid: job.metadata.uid,
        controller: true,
      },
    ],
  },
  immutable: true,
  binaryData: { [KEY]: gzipSync(JSON.stringify(made)).toString("base64") },
});

function read({ binaryData }: ConfigMap): Plan | undefined {
  const packed = binaryData?.[KEY];
  return packed
    ? (JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString("utf8")) as Plan)
    : undefined;
}
