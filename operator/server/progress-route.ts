import express, { type RequestHandler, Router } from "express";
import { type ProgressMessage, progressMessage } from "../../crds/progress.ts";

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
  /** The pod behind a bearer token; undefined when the API server does not vouch for it. */
  authenticate(token: string): Promise<PodIdentity | undefined>;
  /** The worker pod of that name; undefined when it is none of ours. */
  podOf(namespace: string, name: string): WorkerPod | undefined;
  accept(message: ProgressMessage): void;
  /** Base URL of the leading replica when it is another one; undefined while this one leads or nobody does. */
  leaderUrl(): string | undefined;
  onAnswer(code: number): void;
}

/** A progress message is some 300 bytes. */
const MAX_BODY = "8kb";

/**
 * `POST /progress`: a worker says how far it is. The token says which pod speaks, the pod which unit it may
 * speak of. Only the leader keeps progress; the others point to it.
 */
export function progressRoute(dependencies: ProgressDependencies): Router {
  const { authenticate, podOf, accept, leaderUrl, onAnswer } = dependencies;
  const handle: RequestHandler = async (request, response) => {
    const answer = (code: number, detail?: string) => {
      onAnswer(code);
      if (detail) response.status(code).json({ title: "progress refused", status: code, detail });
      else response.status(code).end();
    };
    const leader = leaderUrl();
    if (leader) {
      response.location(new URL("/progress", leader).href);
      return answer(307);
    }
    const token = /^Bearer (\S+)$/.exec(request.get("authorization") ?? "")?.[1];
    if (!token) return answer(401, "a bearer token with the audience mediajob is needed");
    const identity = await authenticate(token);
    if (!identity) return answer(401, "the token is not valid for the audience mediajob");

    const message = progressMessage.safeParse(request.body);
    if (!message.success) {
      const [issue] = message.error.issues;
      return answer(422, `${issue?.path.join(".")}: ${issue?.message}`);
    }
    const pod = podOf(identity.namespace, identity.podName);
    if (!pod || pod.uid !== identity.podUid || !speaksFor(pod, identity.namespace, message.data)) {
      return answer(403, "a pod may report only for its own unit");
    }
    accept(message.data);
    return answer(204);
  };
  return Router().post("/progress", express.json({ limit: MAX_BODY }), handle);
}

const speaksFor = (pod: WorkerPod, namespace: string, { job, unit, attempt }: ProgressMessage): boolean =>
  job.namespace === namespace && job.uid === pod.jobUid && unit === pod.unit && attempt === pod.attempt;
