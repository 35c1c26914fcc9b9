import { type RequestHandler, type Response, Router } from "express";
import type { MediaJob } from "../../crds/media-job.ts";
import { isTerminal } from "../../crds/media-job-status.ts";
import { readyMessage } from "../core/reconcile/conditions.ts";
import type { RateBound, Toll } from "./rate-bound.ts";
import { NOT_ASKED } from "./review-turns.ts";

export interface EventsDependencies {
  /** Whether the bearer of a token may read a MediaJob; an unknown token costs the stranger. */
  access(
    token: string,
    ref: Ref,
    stranger: Toll,
  ): Promise<"allowed" | "forbidden" | "unknown" | typeof NOT_ASKED>;
  jobOf(ref: Ref): FollowedJob | null;
  /** Tells of each change, null for deleted, until the function that it returns is called. */
  onChange(ref: Ref, listener: (job: FollowedJob | null) => void): () => void;
  /** Runs the function again and again until the one that it returns is called. */
  every(ms: number, run: () => void): () => void;
  strangers: RateBound;
}

interface Ref {
  namespace: string;
  name: string;
}

type FollowedJob = Pick<MediaJob, "metadata" | "status">;

/** So often a silent stream says something, so that proxies keep it and the far end notices when it is dead. */
const HEARTBEAT_MS = 15_000;

/** So often the caller's right is asked for again: a token expires, a right is taken away. */
const REVIEW_MS = 60_000;

/** Streams at once on one replica. Each is a socket and a few kB. */
const MAX_STREAMS = 1000;

/**
 * `GET /jobs/{namespace}/{name}/events`: follows a MediaJob as Server-Sent Events. Each event holds the whole state
 * that a person watches - phase, progress, units, message - so the latest is all a reader needs: one that is slow
 * skips what it could not take, and one that comes back with `Last-Event-ID` gets the state only if it has changed.
 * After the last event, of a phase that is an end, the stream closes, and coming back is answered with 204, upon
 * which an EventSource rests. It reads the cache alone, so every replica serves it.
 */
export function eventsRoute({ access, jobOf, onChange, every, strangers }: EventsDependencies): {
  router: Router;
  /** Ends every stream in good order, until its last byte has left: readers come back, to another replica. */
  end(): Promise<void>;
} {
  const streams = new Set<Stream>();
  const handle: RequestHandler<{ namespace: string; name: string }> = async (request, response) => {
    const { namespace, name } = request.params;
    const ref = { namespace, name };
    const refuse = (status: number, detail: string) =>
      void response.status(status).type("application/problem+json").send(JSON.stringify({ status, detail }));
    const token = /^Bearer (\S+)$/.exec(request.get("authorization") ?? "")?.[1];
    if (!token) return refuse(401, "a bearer token is needed: one that the Kubernetes API server accepts");
    const stranger = strangers.toll(request.socket.remoteAddress ?? "");
    const right = await access(token, ref, stranger);
    if (right === NOT_ASKED) {
      response.set("retry-after", "1");
      return refuse(429, "too many tokens from this address, or namespaces asked for by you, were refused");
    }
    if (right === "unknown") return refuse(401, "the Kubernetes API server does not accept this token");
    if (right === "forbidden") return refuse(403, `you may not get mediajobs in the namespace ${namespace}`);
    const job = jobOf(ref);
    if (!job) return refuse(404, `there is no MediaJob ${name} in the namespace ${namespace}`);
    const seen = request.get("last-event-id");
    if (seen === job.metadata.resourceVersion && hasEnded(job)) return void response.status(204).end();
    if (streams.size >= MAX_STREAMS) {
      response.set("retry-after", "10");
      return refuse(503, `${MAX_STREAMS} streams are open on this replica`);
    }

    const stream = new Stream(response, seen);
    streams.add(stream);
    const ends = [
      onChange(ref, (changed) => stream.show(changed)),
      every(HEARTBEAT_MS, () => stream.beat()),
      every(REVIEW_MS, () => {
        // While the API server is away or not asked, what it said last holds.
        access(token, ref, stranger).then(
          (right) => void (right !== "allowed" && right !== NOT_ASKED && stream.end()),
          () => undefined,
        );
      }),
    ];
    response.once("close", () => {
      streams.delete(stream);
      for (const end of ends) end();
    });
    stream.show(job);
  };
  return {
    router: Router().get("/jobs/:namespace/:name/events", handle),
    end: async () => {
      await Promise.all([...streams].map((stream) => stream.end()));
    },
  };
}

/** One reader. What it could not take yet is not kept but made anew, from the latest state, when it can. */
class Stream {
  readonly #response: Response;
  #shown = "";
  #seen: string | undefined;
  #full = false;
  #next: FollowedJob | null | undefined;

  constructor(response: Response, seen: string | undefined) {
    this.#response = response;
    this.#seen = seen;
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no", // nginx would hold events back
    });
    response.flushHeaders();
    response.on("drain", () => {
      this.#full = false;
      if (this.#next !== undefined) this.show(this.#next);
    });
  }

  show(job: FollowedJob | null): void {
    if (this.#full) {
      this.#next = job;
      return;
    }
    this.#next = undefined;
    if (!job) {
      this.#write("event: deleted\ndata: {}\n\n");
      this.end();
      return;
    }
    const view = viewOf(job);
    const version = job.metadata.resourceVersion ?? "";
    if (view !== this.#shown && version !== this.#seen)
      this.#write(`id: ${version}\nevent: status\ndata: ${view}\n\n`);
    this.#shown = view;
    this.#seen = undefined;
    if (hasEnded(job)) this.end();
  }

  beat(): void {
    if (!this.#full) this.#write(": still here\n\n");
  }

  /** Resolves when all is sent, or nobody is there to send it to. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#response.once("close", resolve);
      this.#response.end(resolve);
    });
  }

  #write(text: string): void {
    if (!this.#response.writableEnded) this.#full = !this.#response.write(text);
  }
}

const hasEnded = ({ status }: FollowedJob): boolean => isTerminal(status?.phase);

/** What a person watches; JSON, so that it is one line whatever the texts hold. */
function viewOf({ metadata, status = {} }: FollowedJob): string {
  const { phase, progress, units, sources, queue, startTime, completionTime, reportUri } = status;
  return JSON.stringify({
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    phase: phase ?? "Pending",
    progress,
    units: units && { ...units, ledger: undefined },
    sources: sources && { ...sources, ledger: undefined },
    queue,
    message: readyMessage(status),
    startTime,
    completionTime,
    reportUri,
  });
}
