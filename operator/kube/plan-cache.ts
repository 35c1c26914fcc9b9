import type { Configuration } from "../core/configuration.ts";
import { type Plan, plan } from "../core/plan/plan.ts";
import type { StoredMediaJob } from "./resources.ts";

/** Plans by MediaJob, so that a pass over one with thousands of units need not plan it again. */
export class PlanCache {
  readonly #plans = new Map<string, { configuration: Configuration; plan: Plan }>();

  /** What a plan is made from cannot change in a MediaJob's life; only the pools can. */
  of({ metadata, spec }: StoredMediaJob, configuration: Configuration): Plan {
    const known = this.#plans.get(metadata.uid);
    if (known?.configuration === configuration) return known.plan;
    const planned = plan(spec, configuration.pools);
    this.#plans.set(metadata.uid, { configuration, plan: planned });
    return planned;
  }

  forget(uid: string): void {
    this.#plans.delete(uid);
  }
}
