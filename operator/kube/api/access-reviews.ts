import { createHash } from "node:crypto";
import { GROUP } from "../../../crds/group.ts";
import { MEDIA_JOB_NAMES } from "../../../crds/media-job.ts";
import type { Clock } from "../clock.ts";
import type { KubeClient } from "./client.ts";
import type { ObjectRef } from "./kube-object.ts";
import { SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS } from "./resources.ts";

/** How long an answer is believed: a right that is taken away is gone after it. */
const BELIEVED_MS = 30_000;

/** Bound on what strangers can make us remember. */
const MAX_REMEMBERED = 10_000;

/** Whether a caller may see a MediaJob; `unknown` is a token for which the API server does not vouch. */
export type Access = "allowed" | "forbidden" | "unknown";

/**
 * Asks the API server who a caller is and whether they may `get` a MediaJob, so that whoever may read it by kubectl
 * may read it here, and nobody else. Tokens are remembered by their hash only.
 */
export class AccessReviews {
  readonly #client: Pick<KubeClient, "create">;
  readonly #clock: Clock;
  readonly #known = new Map<string, { at: number; answer: Promise<Access> }>();

  constructor(client: Pick<KubeClient, "create">, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  mayGet(token: string, { namespace = "", name }: ObjectRef): Promise<Access> {
    const hash = createHash("sha256").update(`${token}\n${namespace}/${name}`).digest("base64");
    const known = this.#known.get(hash);
    if (known && this.#clock.now() - known.at < BELIEVED_MS) return known.answer;
    const answer = this.#review(token, namespace, name);
    answer.catch(() => this.#known.delete(hash));
    this.#known.delete(hash);
    this.#known.set(hash, { at: this.#clock.now(), answer });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return answer;
  }

  async #review(token: string, namespace: string, name: string): Promise<Access> {
    const { status } = await this.#client.create(TOKEN_REVIEWS, { metadata: {}, spec: { token } });
    const { username, uid, groups, extra } = status?.user ?? {};
    if (!status?.authenticated || !username) return "unknown";
    const review = await this.#client.create(SUBJECT_ACCESS_REVIEWS, {
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
