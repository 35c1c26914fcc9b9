import { GROUP } from "../../../crds/group.ts";
import { MEDIA_JOB_NAMES } from "../../../crds/media-job.ts";
import type { RateBound, Toll } from "../../server/rate-bound.ts";
import { NOT_ASKED, type ReviewTurns } from "../../server/review-turns.ts";
import type { Clock } from "../clock.ts";
import { Believed, hashOf } from "./believed.ts";
import type { KubeClient } from "./client.ts";
import type { ObjectRef } from "./kube-object.ts";
import { SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS, type TokenReview } from "./resources.ts";

/** How long each of the two answers is believed: a right that is taken away is gone after it. */
const BELIEVED_MS = 30_000;

/** Whether a caller may see a MediaJob; `unknown` is a token for which the API server does not vouch. */
export type Access = "allowed" | "forbidden" | "unknown" | typeof NOT_ASKED;

type User = NonNullable<NonNullable<TokenReview["status"]>["user"]>;

export interface AccessReviewsOptions {
  client: Pick<KubeClient, "create">;
  clock: Clock;
  turns: ReviewTurns;
  /** How often a user may ask for what they may not see: each costs a request to the API server. */
  forbidden: RateBound;
}

/**
 * Asks the API server who a caller is and whether they may `get` a MediaJob, so that whoever may read it by kubectl
 * may read it here, and nobody else. Tokens are remembered by their hash only.
 */
export class AccessReviews {
  readonly #options: AccessReviewsOptions;
  readonly #users: Believed<User | undefined>;
  readonly #rights: Believed<"allowed" | "forbidden">;

  constructor(options: AccessReviewsOptions) {
    this.#options = options;
    this.#users = new Believed(options.clock);
    this.#rights = new Believed(options.clock);
  }

  /** @param stranger what a token costs that is not accepted */
  async mayGet(token: string, { namespace = "", name }: ObjectRef, stranger: Toll): Promise<Access> {
    const { turns, forbidden } = this.#options;
    const hash = hashOf(token);
    const user = await this.#users.get(
      hash,
      () =>
        turns.ask(
          stranger,
          () => this.#userOf(token),
          (found) => found !== undefined,
        ),
      () => BELIEVED_MS,
    );
    if (user === NOT_ASKED) return user;
    if (!user?.username) return "unknown";
    const toll = forbidden.toll(user.username);
    return await this.#rights.get(
      `${hash} ${namespace}/${name}`,
      () =>
        turns.ask(
          toll,
          () => this.#rightOf(user, namespace, name),
          (right) => right === "allowed",
        ),
      () => BELIEVED_MS,
    );
  }

  async #userOf(token: string): Promise<User | undefined> {
    const { status } = await this.#options.client.create(TOKEN_REVIEWS, { metadata: {}, spec: { token } });
    return status?.authenticated && status.user?.username ? status.user : undefined;
  }

  async #rightOf(user: User, namespace: string, name: string): Promise<"allowed" | "forbidden"> {
    const { username = "", uid, groups, extra } = user;
    const review = await this.#options.client.create(SUBJECT_ACCESS_REVIEWS, {
      metadata: {},
      spec: {
        user: username,
        ...(uid && { uid }),
        ...(groups && { groups }),
        ...(extra && { extra }),
        resourceAttributes: {
          verb: "get",
          group: GROUP,
          resource: MEDIA_JOB_NAMES.plural,
          namespace,
          name,
        },
      },
    });
    return review.status?.allowed ? "allowed" : "forbidden";
  }
}
