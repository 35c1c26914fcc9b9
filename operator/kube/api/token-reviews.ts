import { TOKEN_AUDIENCE } from "../../../crds/group.ts";
import type { PodIdentity } from "../../server/progress-route.ts";
import type { Toll } from "../../server/rate-bound.ts";
import type { NOT_ASKED, ReviewTurns } from "../../server/review-turns.ts";
import type { Clock } from "../clock.ts";
import { Believed, hashOf } from "./believed.ts";
import type { KubeClient } from "./client.ts";
import { TOKEN_REVIEWS } from "./resources.ts";

/** How long it is believed that the API server does not vouch for a token. */
const REFUSED_MS = 60_000;

/**
 * How long a token is believed in at most. Until it expires, else: taking one back means deleting its pod, and the
 * route that asks here knows the pods itself. Two reviews an hour for each worker, not sixty.
 */
const BELIEVED_MS = 3_600_000;

/** Asks the API server whose token it is. Tokens are remembered by their hash only. */
export class TokenReviews {
  readonly #client: Pick<KubeClient, "create">;
  readonly #clock: Clock;
  readonly #turns: ReviewTurns;
  readonly #identities: Believed<PodIdentity | undefined>;

  constructor(client: Pick<KubeClient, "create">, clock: Clock, turns: ReviewTurns) {
    this.#client = client;
    this.#clock = clock;
    this.#turns = turns;
    this.#identities = new Believed(clock);
  }

  /**
   * The pod a token with our audience was issued to; undefined for any other token.
   *
   * @param stranger what such a token costs
   */
  authenticate(token: string, stranger: Toll): Promise<PodIdentity | undefined | typeof NOT_ASKED> {
    return this.#identities.get(
      hashOf(token),
      () =>
        this.#turns.ask(
          stranger,
          () => this.#review(token),
          (identity) => identity !== undefined,
        ),
      (identity) => (identity ? this.#lifeMs(token) : REFUSED_MS),
    );
  }

  /** Of a token that the API server vouched for. */
  #lifeMs(token: string): number {
    const expiresMs = expiryMsOf(token);
    if (expiresMs === undefined) return REFUSED_MS;
    return Math.max(0, Math.min(BELIEVED_MS, expiresMs - this.#clock.date().getTime()));
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

/** The claim `exp` of a JWT (RFC 7519, 4.1.4); undefined when there is none. */
function expiryMsOf(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
      exp?: unknown;
    };
    return typeof exp === "number" ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
