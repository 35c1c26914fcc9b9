import { until } from "../../cluster/until.ts";
import { Child } from "./child.ts";
import type { Arrival, Asked, Said } from "./receivers-process.ts";

/** A healthy and a dead receiver on loopback. */
export class Receivers {
  readonly healthy: string;
  readonly dead: string;
  readonly #child: Child<Asked, Said>;

  private constructor(child: Child<Asked, Said>, { healthy, dead }: { healthy: string; dead: string }) {
    this.#child = child;
    this.healthy = healthy;
    this.dead = dead;
  }

  static async start(): Promise<Receivers> {
    const child = new Child<Asked, Said>("receivers-process.ts");
    return new Receivers(child, await child.said("listening"));
  }

  /** Waits for so many events to have come to the healthy one; forgets them, to begin anew. */
  async take(count: number, timeoutMs: number): Promise<{ arrivals: readonly Arrival[]; requests: number }> {
    const received = await until(
      `${count} events`,
      async () => {
        this.#child.ask({ ask: "tell" });
        const received = await this.#child.said("received");
        return received.arrivals.length >= count && received;
      },
      { timeoutMs, everyMs: 500 },
    );
    this.#child.ask({ ask: "forget" });
    return received;
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
