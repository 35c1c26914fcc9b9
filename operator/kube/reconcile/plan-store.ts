import { gunzipSync, gzipSync } from "node:zlib";
import { API_VERSION } from "../../../crds/group.ts";
import { nameStart } from "../../core/child-name.ts";
import type { Configuration } from "../../core/configuration.ts";
import { isOver } from "../../core/is-over.ts";
import type { Corrections } from "../../core/plan/learning.ts";
import { placeAnew } from "../../core/plan/place-anew.ts";
import { type Growth, grow, mayGrow, type Plan, plan } from "../../core/plan/plan.ts";
import { isAlreadyExists } from "../api/api-error.ts";
import type { KubeClient } from "../api/client.ts";
import { CONFIG_MAPS, type ConfigMap, type StoredMediaJob } from "../api/resources.ts";
import { MANAGED_BY } from "../jobs/unit-job.ts";

const KEY = "plan.json.gz";

/**
 * The plans of MediaJobs. A MediaJob of several units is planned once: the plan is kept in an immutable ConfigMap that
 * it owns, so an operator of another version or with other pools goes on with it (only a unit whose pool is gone is
 * placed anew), and a person can read it (`kubectl get configmap NAME -o jsonpath='{.binaryData.plan\.json\.gz}' |
 * base64 -d | gunzip`). A plan of one unit travels with that unit's Job and needs no object of its own. One that grew
 * since is kept, whole, in a second ConfigMap, whose name ends with `-2`.
 */
export class PlanStore {
  readonly #client: Pick<KubeClient, "create" | "get">;
  /** By UID. */
  readonly #plans = new Map<string, Known>();
  readonly #corrections: () => Corrections;

  constructor(client: Pick<KubeClient, "create" | "get">, corrections: () => Corrections = () => ({})) {
    this.#client = client;
    this.#corrections = corrections;
  }

  /** @param begun whether there are attempts at its units, of which its status need not tell yet */
  async of(
    job: StoredMediaJob,
    {
      configuration,
      limits,
      begun = false,
    }: { configuration: Configuration; limits: { timeoutMs: number }; begun?: boolean },
  ): Promise<Plan> {
    const { pools } = configuration;
    const known = this.#plans.get(job.metadata.uid);
    if (known?.pools === pools && !known.doubted && !isBehind(known.plan, job)) return known.plan;
    const first = known?.plan ?? (await this.#first(job, configuration, limits));
    const doubted = known ? known.doubted : begun || job.status?.phase !== undefined;
    const grown = isBehind(first, job) || (doubted && mayHaveGrown(first, job));
    const whole = grown ? await this.#stored(planName(job, "-2"), job, limits) : undefined;
    return this.#placed(job, whole ?? first, pools);
  }

  /** The whole plan, now that it grows. The first one that is kept counts. */
  async grow(
    job: StoredMediaJob,
    first: Plan,
    {
      growth,
      configuration,
      limits,
    }: { growth: Growth; configuration: Configuration; limits: { timeoutMs: number } },
  ): Promise<Plan> {
    const { pools } = configuration;
    const made = grow(first, growth, { spec: job.spec, pools, corrections: this.#corrections() });
    this.#plans.set(job.metadata.uid, { plan: first, pools, doubted: true }); // until there is an answer
    return this.#placed(job, await this.#keep(planName(job, "-2"), job, made, limits), pools);
  }

  /** In pools that there are now: one that a unit was to run in may be gone. */
  #placed(job: StoredMediaJob, plan: Plan, pools: Configuration["pools"]): Plan {
    const placed = placeAnew(plan, job.spec, pools);
    this.#plans.set(job.metadata.uid, { plan: placed, pools, doubted: false });
    return placed;
  }

  /** Another operator may have led meanwhile, and let plans grow. */
  doubtAll(): void {
    for (const known of this.#plans.values()) known.doubted = true;
  }

  /** Of one that is gone or over; should it go on after all, its plan is read again. */
  forget(uid: string): void {
    this.#plans.delete(uid);
  }

  async #first(
    job: StoredMediaJob,
    configuration: Configuration,
    limits: { timeoutMs: number },
  ): Promise<Plan> {
    const made = plan(job.spec, configuration.pools, this.#corrections());
    if (!isKept(made)) return made;
    const isNew = job.status?.phase === undefined;
    const stored = isNew ? undefined : await this.#stored(planName(job), job, limits);
    return stored ?? (await this.#keep(planName(job), job, made, limits));
  }

  /** Stores the plan if there is none yet; the one that is stored counts. */
  async #keep(name: string, job: StoredMediaJob, made: Plan, limits: { timeoutMs: number }): Promise<Plan> {
    try {
      await this.#client.create(CONFIG_MAPS, draft(name, job, made), limits);
      return made;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return (await this.#stored(name, job, limits)) ?? made;
    }
  }

  async #stored(
    name: string,
    { metadata: { namespace } }: StoredMediaJob,
    limits: { timeoutMs: number },
  ): Promise<Plan | undefined> {
    const found = await this.#client.get(CONFIG_MAPS, { namespace, name }, limits);
    return found ? read(found) : undefined;
  }
}

interface Known {
  plan: Plan;
  /** In which it has been placed. */
  pools: Configuration["pools"];
  /** Whether it may have grown, though neither this operator nor the status knows of it. */
  doubted: boolean;
}

/**
 * Whether the rest of a plan may be kept already: by one that got no answer, or died before it wrote the status. What it
 * followed from may be gone since, with the pod; without it the MediaJob would end as if it had one unit. Where units
 * probe nothing is lost: the plan grows in any case, and meets the one that is kept.
 */
const mayHaveGrown = (plan: Plan, job: StoredMediaJob): boolean =>
  !plan.awaitsFacts && mayGrow(plan) && !isOver(job);

/** Whether a plan has an object of its own. */
const isKept = ({ units, awaitsFacts }: Plan): boolean => units.length !== 1 || awaitsFacts === true;

/** Whether another operator has let the plan grow since. */
const isBehind = (plan: Plan, { status }: StoredMediaJob): boolean =>
  (status?.units?.total ?? 0) > plan.units.length;

/** The UID makes it another name for another MediaJob of the same name. */
const planName = ({ metadata }: StoredMediaJob, suffix = "") =>
  `${nameStart(metadata.name, 200)}-plan-${metadata.uid}${suffix}`;

const draft = (name: string, job: StoredMediaJob, made: Plan) => ({
  metadata: {
    name,
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
