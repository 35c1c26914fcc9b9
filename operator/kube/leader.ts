/**
 * Elects one of several replicas by a Lease, with client-go's rules, so that a Go and this elector could share one.
 * Owns the Lease and the knowledge of how long we surely hold it; never starts or stops work itself.
 *
 * Only intervals of the local clock count. What others wrote as times is never compared to it: a Lease is held for
 * its duration from the moment *we saw* it change, so clocks may differ by any amount.
 *
 * A leader that cannot renew stops after `renewDeadlineMs`, well before the others may take over at
 * `leaseDurationMs`. A request sent just before that may still arrive after; who must be sure asks `remainingMs`
 * before each write and bounds the request by it.
 */
import { isAlreadyExists, isConflict } from "./api/api-error.ts";
import type { KubeClient } from "./api/client.ts";
import type { ObjectRef } from "./api/kube-object.ts";
import { LEASES, type Lease } from "./api/resources.ts";
import { type Clock, sleep } from "./clock.ts";

export interface LeaderOptions {
  readonly client: Pick<KubeClient, "get" | "create" | "mergePatch">;
  readonly lease: ObjectRef;
  /** Unique among the replicas and new with each start, e.g. the pod's name and a random suffix. */
  readonly identity: string;
  /** How long after its last renewal others leave the Lease alone. Default 15 s. Whole seconds. */
  readonly leaseDurationMs?: number;
  /** How long after its last renewal a leader goes on. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** How often a leader renews and the others look. Default 2 s. */
  readonly retryPeriodMs?: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** We lead, until the signal aborts. */
  readonly onStarted: (leading: AbortSignal) => void;
  /** We lead no more, or are about to hand over: awaited before the Lease is released or asked for again. */
  readonly onStopped: () => Promise<void>;
  /** A look or renewal failed; the next follows in `retryPeriodMs`. */
  readonly onError: (error: unknown) => void;
}

/** The operator has five seconds to end, all in all. */
const RELEASE_TIMEOUT_MS = 1000;

type Attempt = "held" | "lost" | "failed";

export class LeaderElector {
  readonly #options: LeaderOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  /** The Lease as last seen, and when its version was first seen. */
  #seen: { readonly lease: Lease; readonly at: number } | null = null;
  /** When the last successful renewal was *sent*: others can have seen it no earlier. Null: not ours. */
  #renewedAt: number | null = null;
  #leading = false;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2000;
    if (
      this.#renewDeadlineMs >= this.#leaseDurationMs ||
      this.#retryPeriodMs * 1.2 >= this.#renewDeadlineMs
    ) {
      throw new Error(
        `leader election wants retryPeriodMs (${this.#retryPeriodMs}) times 1.2 < renewDeadlineMs (${this.#renewDeadlineMs}) < leaseDurationMs (${this.#leaseDurationMs}): two could lead at once`,
      );
    }
  }

  get isLeader(): boolean {
    return this.#leading;
  }

  /** The identity of whoever holds the Lease, as last seen; null when nobody does or nobody has looked yet. */
  get leader(): string | null {
    return this.#seen?.lease.spec?.holderIdentity || null;
  }

  /** For how long no other replica can lead yet: a write that ends within it is safe. 0 when we do not lead. */
  remainingMs(): number {
    if (this.#renewedAt === null) return 0;
    return Math.max(0, this.#renewedAt + this.#leaseDurationMs - this.#options.clock.now());
  }

  /**
   * Stands for election until the signal aborts, again and again: a leader that lost the Lease becomes a candidate.
   * When the signal aborts, a leader stops its work and hands the Lease over, then this resolves.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onError } = this.#options;
    while (!signal.aborted) {
      if ((await this.#attempt(signal)) === "held") await this.#lead(signal);
      else await sleep(clock, this.#period(), signal);
    }
    await this.#release().catch(onError);
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { clock, onStarted, onStopped } = this.#options;
    const leading = new AbortController();
    this.#leading = true;
    onStarted(leading.signal);
    while (!signal.aborted) {
      await sleep(clock, this.#period(), signal);
      if (signal.aborted) break;
      const renewal = await this.#attempt(signal);
      if (renewal === "lost") this.#renewedAt = null; // somebody took it by force: the time left is not ours
      if (renewal !== "held" && this.#sinceRenewalMs() >= this.#renewDeadlineMs) break;
    }
    this.#leading = false;
    leading.abort(new Error("another replica leads, or may lead soon"));
    await onStopped();
    if (!signal.aborted) this.#renewedAt = null;
  }

  /** Takes or renews the Lease, or sees that another holds it. */
  async #attempt(signal: AbortSignal): Promise<Attempt> {
    const { client, lease: ref, clock, onError } = this.#options;
    // A leader knows the version it wrote; only when that has been overtaken must it look.
    const known = this.#leading && this.#seen !== null;
    const limits = { signal, timeoutMs: this.#timeoutMs() };
    const sentAt = clock.now();
    try {
      if (!known) {
        const found = await client.get(LEASES, ref, limits);
        if (!found) return this.#won(await client.create(LEASES, this.#newLease(), limits), sentAt);
        this.#see(found);
        if (this.#isHeldByOther()) return "lost";
      }
      return this.#won(await client.mergePatch(LEASES, ref, this.#renewal(), limits), sentAt);
    } catch (error) {
      if (signal.aborted) return "failed";
      if (known && isConflict(error)) {
        this.#seen = null;
        return await this.#attempt(signal);
      }
      if (!isConflict(error) && !isAlreadyExists(error)) onError(error); // else another candidate was faster
      return "failed";
    }
  }

  #won(lease: Lease, sentAt: number): Attempt {
    this.#see(lease);
    this.#renewedAt = sentAt;
    return "held";
  }

  #see(lease: Lease): void {
    if (this.#seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    this.#seen = { lease, at: this.#options.clock.now() };
  }

  #isHeldByOther(): boolean {
    const { holderIdentity, leaseDurationSeconds = 0 } = this.#seen?.lease.spec ?? {};
    if (!this.#seen || !holderIdentity || holderIdentity === this.#options.identity) return false;
    return this.#options.clock.now() < this.#seen.at + leaseDurationSeconds * 1000;
  }

  #newLease() {
    const now = microTime(this.#options.clock.date());
    const { name, namespace } = this.#options.lease;
    return {
      metadata: { name, ...(namespace && { namespace }) },
      spec: { ...this.#holding(now), acquireTime: now, leaseTransitions: 0 },
    };
  }

  /** Fails with Conflict when another has written since `#seen`. */
  #renewal(): object {
    const now = microTime(this.#options.clock.date());
    const { metadata, spec } = this.#seen?.lease ?? {};
    const taken = spec?.holderIdentity !== this.#options.identity;
    return {
      metadata: { resourceVersion: metadata?.resourceVersion },
      spec: {
        ...this.#holding(now),
        ...(taken && { acquireTime: now, leaseTransitions: (spec?.leaseTransitions ?? 0) + 1 }),
      },
    };
  }

  #holding(now: string) {
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.round(this.#leaseDurationMs / 1000),
      renewTime: now,
    };
  }

  /**
   * Hands the Lease over, so that a successor need not wait until it runs out. It looks first: a renewal that the
   * end of our run cut off may have arrived.
   */
  async #release(): Promise<void> {
    const { client, lease: ref, identity, clock } = this.#options;
    const limits = { timeoutMs: RELEASE_TIMEOUT_MS };
    const found = await client.get(LEASES, ref, limits);
    if (found?.spec?.holderIdentity === identity) {
      await client.mergePatch(
        LEASES,
        ref,
        {
          metadata: { resourceVersion: found.metadata.resourceVersion },
          spec: { holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime(clock.date()) },
        },
        limits,
      );
    }
    this.#renewedAt = null;
  }

  #sinceRenewalMs(): number {
    return this.#renewedAt === null ? Number.POSITIVE_INFINITY : this.#options.clock.now() - this.#renewedAt;
  }

  /** A renewal that hangs must not hang past the deadline, and leave time for a second. */
  #timeoutMs(): number {
    const left = this.#leading ? this.#renewDeadlineMs - this.#sinceRenewalMs() : this.#renewDeadlineMs;
    return Math.max(1, Math.min(this.#renewDeadlineMs / 2, left));
  }

  /** Up to a fifth longer, lest all candidates look at once. */
  #period(): number {
    return this.#retryPeriodMs * (1 + this.#options.random() / 5);
  }
}

/** Go reads a MicroTime with six decimals and no other number of them. */
function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}
