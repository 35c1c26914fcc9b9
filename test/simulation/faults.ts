/**
 * Every fault that a simulated world can have, as data. A scenario has some of them, each at a rate of its own up to
 * `most`: worlds with few kinds of faults reach states that a world with all of them never gets to.
 */
export const FAULTS = {
  // Per request of an operator.
  refusedBefore: {
    per: "request",
    most: 0.15,
    what: "the API server refuses: 429, 500 or 503; nothing is written",
  },
  refusedAfter: { per: "request", most: 0.1, what: "500 or 504, though the write took effect" },
  timeoutBefore: {
    per: "request",
    most: 0.05,
    what: "the request is lost; the client waits for its time limit",
  },
  timeoutAfter: { per: "request", most: 0.05, what: "the write took effect; the answer is lost" },
  resetAfter: { per: "request", most: 0.08, what: "the write took effect; the connection breaks" },
  slow: { per: "request", most: 0.2, what: "the request or its answer takes up to 8 s" },
  falseConflict: {
    per: "request",
    most: 0.1,
    what: "409 for a patch with a version, though nobody else wrote",
  },
  crashBeforeWrite: {
    per: "request",
    most: 0.03,
    what: "the operator dies as it sends a write: it never arrives",
  },
  crashAfterWrite: { per: "request", most: 0.03, what: "the operator dies when its write took effect" },

  // Per event of a watch.
  watchLag: { per: "event", most: 0.2, what: "this and all later events of the stream come up to 20 s late" },
  watchDrop: { per: "event", most: 0.05, what: "the connection of the watch breaks" },
  watchEnd: { per: "event", most: 0.05, what: "the server ends the watch in good order" },
  watchSilent: { per: "event", most: 0.02, what: "nothing comes any more, and nothing says so" },
  watchExpired: { per: "event", most: 0.02, what: "an ERROR event: 410 Expired" },

  // Per minute.
  compaction: {
    per: "minute",
    most: 4,
    what: "etcd forgets history: watches that resume from before get 410",
  },
  crash: { per: "minute", most: 1.5, what: "an operator dies at a random moment and comes back" },
  pause: {
    per: "minute",
    most: 0.7,
    what: "an operator stands still for up to 40 s (a stopped VM) and goes on",
  },
  clockJump: { per: "minute", most: 1, what: "the wall clock of an operator jumps by up to 5 min" },
  nodeLoss: { per: "minute", most: 0.7, what: "a node crashes or is cut off; it comes back, or is removed" },
  eviction: { per: "minute", most: 3, what: "a pod is drained or preempted" },

  // Per message of a worker.
  progressLost: { per: "message", most: 0.5, what: "a report never arrives" },
  progressRepeated: { per: "message", most: 0.4, what: "a report arrives twice" },
  progressLate: { per: "message", most: 0.4, what: "a report arrives up to 10 s late, after its successors" },

  // Per delivery.
  receiverDown: { per: "delivery", most: 0.5, what: "the webhook's receiver answers 503" },
  receiverGone: { per: "delivery", most: 0.3, what: "the webhook's receiver answers 410" },

  // Last of all, so that a seed draws the rates of the others as before.
  leaseOutage: {
    per: "minute",
    most: 1.5,
    what: "for up to 20 s no request for the Lease is answered, and others are: a term ends while passes go on",
  },
  tidying: {
    per: "minute",
    most: 15,
    what: "somebody deletes a Job that has ended, once the status tells how: nobody needs it any more",
  },
  quota: {
    per: "minute",
    most: 2,
    what: "for up to a minute no Job may be made: 403, as of a quota that is used up",
  },
} as const satisfies Record<string, Fault>;

interface Fault {
  per: "request" | "event" | "minute" | "message" | "delivery";
  /** The highest rate; a probability, or a mean number in a minute. */
  most: number;
  what: string;
}

export type FaultName = keyof typeof FAULTS;
export type FaultRates = Partial<Record<FaultName, number>>;
