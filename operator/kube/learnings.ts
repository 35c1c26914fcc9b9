import type { Usage } from "../../crds/result.ts";
import { type Corrections, joined, learn } from "../core/plan/learning.ts";
import type { PlannedUnit } from "../core/plan/plan.ts";
import type { KubeClient } from "./api/client.ts";
import { CONFIG_MAPS } from "./api/resources.ts";
import { type Clock, sleep } from "./clock.ts";
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
  /** Whether what is stored is among them: only then may it be replaced. */
  #isRead = false;
  readonly #client: Pick<KubeClient, "get" | "apply">;
  readonly #namespace: string;
  readonly #clock: Clock;

  constructor(client: Pick<KubeClient, "get" | "apply">, namespace: string, clock: Clock) {
    this.#client = client;
    this.#namespace = namespace;
    this.#clock = clock;
  }

  get corrections(): Corrections {
    return this.#corrections;
  }

  note({ operation, tableEstimate }: PlannedUnit, usage: Usage): void {
    this.#corrections = learn(this.#corrections, operation, { estimate: tableEstimate, usage });
    this.#changed = true;
  }

  /** Reads what was learned before, maybe by another leader. Where that fails, `run` tries again before it writes. */
  async load(): Promise<void> {
    this.#isRead = false;
    this.#corrections = (await this.#stored()) ?? this.#corrections;
    this.#isRead = true;
  }

  /** Writes down what is new, from time to time, until the signal aborts; nothing from then on. */
  async run(signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#clock, WRITE_PERIOD_MS, signal);
      if (this.#changed && !signal.aborted) await this.#write(signal).catch(onError);
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    if (!this.#isRead) {
      this.#corrections = joined((await this.#stored(signal)) ?? {}, this.#corrections);
      this.#isRead = true;
    }
    const draft = {
      metadata: { name: NAME, namespace: this.#namespace, labels: { ...MANAGED_BY } },
      data: { [KEY]: JSON.stringify(this.#corrections) },
    };
    this.#changed = false;
    try {
      await this.#client.apply(CONFIG_MAPS, draft, { signal });
    } catch (error) {
      this.#changed = true;
      throw error;
    }
  }

  /** Undefined when there is nothing, or what nobody can read and is learned again. @throws when nobody answers */
  async #stored(signal?: AbortSignal): Promise<Corrections | undefined> {
    const ref = { namespace: this.#namespace, name: NAME };
    const stored = await this.#client.get(CONFIG_MAPS, ref, { ...(signal && { signal }) });
    try {
      return JSON.parse(stored?.data?.[KEY] ?? "") as Corrections;
    } catch {
      return undefined;
    }
  }
}
