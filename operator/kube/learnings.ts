import type { Usage } from "../../crds/result.ts";
import { type Corrections, learn } from "../core/plan/learning.ts";
import type { PlannedUnit } from "../core/plan/plan.ts";
import type { KubeClient } from "./api/client.ts";
import { CONFIG_MAPS } from "./api/resources.ts";
import { MANAGED_BY } from "./jobs/unit-job.ts";

const NAME = "mediajob-estimates";
const KEY = "corrections.json";

/** How often what was learned is written down, at most. Losing a minute of it costs nothing. */
const WRITE_PERIOD_MS = 60_000;

/**
 * What measured units taught of the estimates: kept in a ConfigMap beside the operator, so that a restart
 * forgets little. Deleting it starts anew from the tables.
 */
export class Learnings {
  #corrections: Corrections = {};
  #changed = false;
  readonly #client: Pick<KubeClient, "get" | "apply">;
  readonly #namespace: string;

  constructor(client: Pick<KubeClient, "get" | "apply">, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  get corrections(): Corrections {
    return this.#corrections;
  }

  note({ operation, tableEstimate }: PlannedUnit, usage: Usage): void {
    this.#corrections = learn(this.#corrections, operation, { estimate: tableEstimate, usage });
    this.#changed = true;
  }

  /** Reads what was learned before. What cannot be read is learned again. */
  async load(): Promise<void> {
    const stored = await this.#client.get(CONFIG_MAPS, { namespace: this.#namespace, name: NAME });
    const text = stored?.data?.[KEY];
    if (text) this.#corrections = JSON.parse(text) as Corrections;
  }

  /** Writes down what is new, from time to time, until the signal aborts. */
  async run(signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, WRITE_PERIOD_MS);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      });
      if (this.#changed) await this.#write().catch(onError);
    }
  }

  async #write(): Promise<void> {
    this.#changed = false;
    await this.#client.apply(CONFIG_MAPS, {
      metadata: { name: NAME, namespace: this.#namespace, labels: { ...MANAGED_BY } },
      data: { [KEY]: JSON.stringify(this.#corrections) },
    });
  }
}
