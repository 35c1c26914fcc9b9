import type { Draft, KubeObject } from "../../../operator/kube/api/kube-object.ts";
import type { WatchEvent } from "../../../operator/kube/api/watch-events.ts";
import type { FaultName } from "../faults.ts";
import type { Prng } from "../prng.ts";
import type { VirtualTime } from "../virtual-time.ts";
import type { ModelServer } from "./server.ts";

/** The process at the operator's end. */
export interface Endpoint {
  readonly name: string;
  readonly alive: boolean;
  /** Runs the callback in the process: later while it stands still, never once it is dead. */
  deliver(callback: () => void): void;
  die(why: string): void;
}

export interface NetworkOptions {
  readonly server: ModelServer;
  readonly time: VirtualTime;
  readonly random: Prng;
  readonly endpoint: Endpoint;
  /** Whether a fault of that name strikes now. */
  readonly strikes: (fault: FaultName, random: Prng) => boolean;
  /** Whether no request for such objects arrives now. */
  readonly isOut: (plural: string) => boolean;
  /** Whether no more such objects may be made now. */
  readonly isFull: (plural: string) => boolean;
  /** The process asks. */
  readonly onSent: (sent: Sent) => void;
  /** It arrived, or was lost on the way. */
  readonly onRequest: (request: Request) => void;
  /** A watch tells the process of a change. */
  readonly onHeard: (heard: Heard) => void;
}

export interface Sent {
  readonly verb: string;
  readonly plural: string;
  readonly name: string;
  readonly by: string;
  /** What is to be created; null for any other verb. */
  readonly object: Draft<KubeObject> | null;
}

export interface Heard {
  readonly by: string;
  readonly plural: string;
  readonly event: WatchEvent<KubeObject>;
}

export interface Request {
  readonly verb: string;
  readonly plural: string;
  readonly name: string;
  readonly by: string;
  readonly writes: boolean;
  /** What became of it. */
  readonly outcome: string;
}

/** As JSON: nothing that the caller does to it afterwards arrives, and what is undefined is not sent. */
export function asSent<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(asSent) as T;
  const sent: Record<string, unknown> = {};
  for (const [field, each] of Object.entries(value)) if (each !== undefined) sent[field] = asSent(each);
  return sent as T;
}

/** As deep as the operator's caches change what they are given; objects in the model server never change. */
export function copied<T extends KubeObject | null>(object: T): T {
  if (object === null) return object;
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, ...(metadata.annotations && { annotations: { ...metadata.annotations } }) },
  };
}
