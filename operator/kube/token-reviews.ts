import { createHash } from "node:crypto";
import { TOKEN_AUDIENCE } from "../../crds/group.ts";
import type { PodIdentity } from "../server/progress-route.ts";
import type { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import { TOKEN_REVIEWS } from "./resources.ts";

/**
 * How long an answer of the API server is believed. A worker reports each second, and a token whose pod is
 * gone opens nothing: the route knows the pods itself.
 */
const BELIEVED_MS = 60_000;

/** Bound on what strangers can make us remember. */
const MAX_REMEMBERED = 10_000;

/** Asks the API server whose token it is. Tokens are remembered by their hash only. */
export class TokenReviews {
  readonly #client: Pick<KubeClient, "create">;
  readonly #clock: Clock;
  readonly #known = new Map<string, { at: number; answer: Promise<PodIdentity | undefined> }>();

  constructor(client: Pick<KubeClient, "create">, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The pod a token with our audience was issued to; undefined for any other token. */
  authenticate(token: string): Promise<PodIdentity | undefined> {
    const hash = createHash("sha256").update(token).digest("base64");
    const known = this.#known.get(hash);
    if (known && this.#clock.now() - known.at < BELIEVED_MS) return known.answer;
    const answer = this.#review(token);
    answer.catch(() => this.#known.delete(hash));
    this.#known.delete(hash);
    this.#known.set(hash, { at: this.#clock.now(), answer });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return answer;
  }

  async #review(token: string): Promise<PodIdentity | undefined> {
    const review = await this.#client.create(TOKEN_REVIEWS, {
      metadata: {},
      spec: { token, audiences: [TOKEN_AUDIENCE] },
    });
    const { authenticated, audiences, user } = review.status ?? {};
    if (!authenticated || !audiences?.includes(TOKEN_AUDIENCE)) return undefined;
    const namespace = /^system:serviceaccount:([^:]+):/.exec(user?.username ?? "")?.[1];
    const podName = user?.extra?.["authentication.kubernetes.io/pod-name"]?.[0];
    const podUid = user?.extra?.["authentication.kubernetes.io/pod-uid"]?.[0];
    return namespace && podName && podUid ? { namespace, podName, podUid } : undefined;
  }
}
