import { type Request, type RequestHandler, type Response, Router } from "express";
import { type ProgressMessage, progressMessage } from "../../crds/progress.ts";
import type { RateBound, Toll } from "./rate-bound.ts";
import { NOT_ASKED } from "./review-turns.ts";

/** The pod a token was issued to. */
export interface PodIdentity {
  namespace: string;
  podName: string;
  podUid: string;
}

/** What is known of a worker's pod: the unit it was made for. */
export interface WorkerPod {
  uid: string;
  unit: string;
  attempt: number;
  /** UID of the MediaJob that owns it. */
  jobUid: string;
}

export interface ProgressDependencies {
  /** The pod behind a bearer token; undefined when the API server does not vouch for it, which costs the stranger. */
  authenticate(token: string, stranger: Toll): Promise<PodIdentity | undefined | typeof NOT_ASKED>;
  /** The worker pod of that name; undefined when it is none of ours. */
  podOf(namespace: string, name: string): WorkerPod | undefined;
  accept(message: ProgressMessage): void;
  /** Base URL of the leading replica when it is another one; undefined while this one leads or nobody does. */
  leaderUrl(): string | undefined;
  onAnswer(code: number): void;
  /** How often a pod may report; a worker does so once a second. */
  perPod: RateBound;
  /** How often an address may show tokens that are not accepted: each costs a request to the API server. */
  strangers: RateBound;
}

/** A progress message is some 300 bytes. */
const MAX_BODY_BYTES = 8192;

/**
 * `POST /progress`: a worker says how far it is. The token says which pod speaks, the pod which unit it may
 * speak of. Only the leader keeps progress; the others point to it. What a pod sends is read only after it is known
 * who sends it, and that it does not send more than it needs to.
 */
export function progressRoute(dependencies: ProgressDependencies): Router {
  const { authenticate, podOf, accept, leaderUrl, onAnswer, perPod, strangers } = dependencies;
  const refuse = (response: Response, status: number, detail: string) => {
    if (status === 429) response.set("retry-after", "1");
    response.status(status).json({ title: "progress refused", status, detail });
  };

  const identify: RequestHandler = async (request, response, next) => {
    response.once("finish", () => onAnswer(response.statusCode));
    const leader = leaderUrl();
    if (leader) {
      response.status(307).location(new URL("/progress", leader).href).end();
      return;
    }
    const token = /^Bearer (\S+)$/.exec(request.get("authorization") ?? "")?.[1];
    if (!token) return refuse(response, 401, "a bearer token with the audience mediajob is needed");
    const identity = await authenticate(token, strangers.toll(request.socket.remoteAddress ?? ""));
    if (identity === NOT_ASKED)
      return refuse(response, 429, "too many tokens from this address were not accepted");
    if (!identity) return refuse(response, 401, "the token is not valid for the audience mediajob");
    const pod = podOf(identity.namespace, identity.podName);
    if (!pod || pod.uid !== identity.podUid) return refuse(response, 403, "this is no pod of a unit");
    if (!perPod.take(pod.uid)) {
      response.set("connection", "close"); // whoever floods pays for a connection each time, and what it sent is not read
      return refuse(response, 429, "one report a second is enough");
    }
    response.locals.speaker = { pod, namespace: identity.namespace } satisfies Speaker;
    next();
  };

  const handle: RequestHandler = async (request, response) => {
    const { pod, namespace } = response.locals.speaker as Speaker;
    const body = await bodyOf(request);
    if (body === undefined) {
      response.set("connection", "close").once("finish", () => request.destroy());
      return refuse(response, 413, `a message is at most ${MAX_BODY_BYTES} bytes`);
    }
    const json = parsed(body);
    if (!json) return refuse(response, 400, "the body is not JSON");
    const message = progressMessage.safeParse(json.value);
    if (!message.success) {
      const [issue] = message.error.issues;
      return refuse(response, 422, `${issue?.path.join(".")}: ${issue?.message}`);
    }
    if (!speaksFor(pod, namespace, message.data))
      return refuse(response, 403, "a pod may report only for its own unit");
    accept(message.data);
    response.status(204).end();
  };
  return Router().post("/progress", identify, handle);
}

/** The body; undefined when it is longer than it may be. express.json reads what it refuses to its end, however far. */
async function bodyOf(request: Request): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

interface Speaker {
  pod: WorkerPod;
  namespace: string;
}

const speaksFor = (pod: WorkerPod, namespace: string, { job, unit, attempt }: ProgressMessage): boolean =>
  job.namespace === namespace && job.uid === pod.jobUid && unit === pod.unit && attempt === pod.attempt;
