/**
 * Deliberate bugs, each of a kind that reviews overlook, to show that the simulation bites: every one must be caught
 * within 2,000 seeds. A mutation is a piece of source text and what stands in its place; it is put in as the module is
 * loaded. Those marked as real were in the code once, and a simulation found them.
 */
import { resolve } from "node:path";

export interface Mutation {
  readonly name: string;
  /** In one sentence, as a commit message would have it that did not know better. */
  readonly what: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The first of the seeds among which it shows, where it takes so many rare things at once that the first do not. */
  readonly from?: number;
}

export const repository = resolve(import.meta.dirname, "../../..");

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "start-beside-the-old-pod",
    what: "a unit starts anew though its last pod still runs",
    file: "operator/kube/observe-attempts.ts",
    find: "const live = pods.some((pod) => !podHasEnded(pod));",
    replace: "const live = false;",
  },
  {
    name: "rerun-failed",
    what: "what failed for good is folded again in every pass",
    file: "operator/core/reconcile/fold-units.ts",
    find: "letter !== UNIT_LETTERS.open && !(reopened",
    replace: "letter !== UNIT_LETTERS.open && letter !== UNIT_LETTERS.failed && !(reopened",
  },
  {
    name: "retry-opens-everything",
    what: "a raised retryGeneration opens what succeeded, too",
    file: "operator/core/reconcile/fold-units.ts",
    find: "!(reopened && again)",
    replace: "!(reopened && (again || true))",
  },
  {
    name: "finalize-beside-others",
    what: "what finalizes starts like any other unit",
    file: "operator/core/reconcile/start-attempts.ts",
    find: "? starts.units.every(hasEnded)\n",
    replace: "? true\n",
  },
  {
    name: "start-beside-finalize",
    what: "a retry starts while what finalizes still runs, and sweeps",
    file: "operator/core/reconcile/start-attempts.ts",
    find: ": !finalizing && needed",
    replace: ": (!finalizing || true) && needed",
  },
  {
    name: "killed-unreported",
    what: "a MediaJob of one unit is over with its unit, report or not",
    file: "operator/core/reconcile/growth.ts",
    find: "return endsUnreported(plan, observation, policy) ?",
    replace: "return endsUnreported(plan, observation, policy) && false ?",
  },
  {
    name: "await-the-lost",
    what: "real: the report of what was lost with its node and then killed waits for the node, and never comes",
    file: "operator/core/reconcile/growth.ts",
    find: "const attempts = withLostAttempts(observed.attempts, policy, observed.nowMs);",
    replace: "const attempts = (withLostAttempts, observed.attempts);",
  },
  {
    name: "grow-after-the-end",
    what: "real: what is found out of a source after the MediaJob has failed lets its plan grow, which nobody runs",
    file: "operator/core/reconcile/growth.ts",
    find: "if (isOver(observed.job)) return undefined;",
    replace: "isOver(observed.job);",
    from: 12_001,
  },
  {
    name: "forget-the-unanswered",
    what: "real: after a status write without an answer, and a question without one, the old status counts again",
    file: "operator/kube/status-write.ts",
    find: "if (isConflict(error) || !isRefusal(error)) shell.doubted.add(job.metadata.uid);",
    replace: "isConflict(error) || isRefusal(error);",
  },
  {
    name: "start-beside-the-undecided",
    what: "real: of two MediaJobs that write the same files, one does not see what the other just decided to start",
    file: "operator/kube/gather.ts",
    find: "isStarting(uid, shell) || isAtWork(uid, shell, nowMs)",
    replace: "isAtWork(uid, shell, nowMs)",
  },
  {
    name: "replay-behind",
    what: "dead letters that are sent again go behind what waits",
    file: "operator/core/reconcile/outbox.ts",
    find: "this.pending = [...again, ...this.pending].toSorted((a, b) => a.sequence - b.sequence);",
    replace: "this.pending = [...this.pending, ...again];",
  },
  {
    name: "replay-twice",
    what: "dead letters that are sent again stay listed",
    file: "operator/core/reconcile/outbox.ts",
    find: "    this.undelivered = [];\n",
    replace: "",
  },
  {
    name: "join-too-early",
    what: "a unit that needs others starts as soon as there is room",
    file: "operator/core/reconcile/start-attempts.ts",
    find: "needed.every((other) => other && hasEnded(other));",
    replace: "(needed.length >= 0 || needed.every((other) => other && hasEnded(other)));",
  },
  {
    name: "replan-by-other-facts",
    what: "the rest is planned anew by whoever comes, though it was planned before",
    file: "operator/kube/plan-store.ts",
    find: "return (await this.#stored(name, job, limits)) ?? made;",
    replace: "return name ? made : ((await this.#stored(name, job, limits)) ?? made);",
  },
  {
    name: "forget-what-may-be-kept",
    what: "real: what a plan grew by is kept, but without an answer, and forgotten with the pod that told of it",
    file: "operator/kube/plan-store.ts",
    find: "(doubted && mayHaveGrown(first, job))",
    replace: "(doubted && mayHaveGrown(first, job) && false)",
  },
  {
    name: "distrust-a-shorter-ledger",
    what: "a ledger that was written before more units followed counts for nothing",
    file: "operator/core/ledger.ts",
    find: "if (letters.length > length)",
    replace: "if (letters.length !== length)",
  },
  {
    name: "joined-parts-stay",
    what: "a retry of a join does not make its parts again, which were swept",
    file: "operator/core/reconcile/fold-units.ts",
    find: "|| joined.has(unit.index)",
    replace: "",
  },
  {
    name: "trust-a-silent-look",
    what: "a unit that may leave its source to parts is done when it ended well, whatever it said",
    file: "operator/core/reconcile/unit-state.ts",
    find: "unit.wholeUpToSeconds === undefined\n",
    replace: "(unit.wholeUpToSeconds ?? 0) >= 0\n",
  },
  {
    name: "cancel-finalize",
    what: "a stop ends what finalizes like any other unit that waits",
    file: "operator/core/reconcile/start-attempts.ts",
    find: "intent.stop && !isFinalize(unit) &&",
    replace: "intent.stop &&",
  },
  {
    name: "end-before-finalize",
    what: "a MediaJob is over when its outputs are made",
    file: "operator/core/reconcile/phase.ts",
    find: 'units.every(({ state }) => state.state === "Ended") ? outcomeOf(plan, units, intent) : undefined;',
    replace: "outcomeOf(plan, units, intent);",
  },
  {
    name: "forget-success-of-earlier-generation",
    what: "real: an attempt that succeeds after retryGeneration was raised does not count",
    file: "operator/core/reconcile/unit-state.ts",
    find: "if (whole) return ended(whole);",
    replace: "",
  },
  {
    name: "take-results-in-twice",
    what: "every pass adds the usage of all ended units",
    file: "operator/core/reconcile/fold-units.ts",
    find: 'if (closed) return { unit, state: { state: "Ended", letter, attempt: 0 }, fresh: false };',
    replace:
      'if (closed) return { unit, state: { state: "Ended", letter, attempt: 0, result: own.at(-1)?.result }, fresh: true };',
  },
  {
    name: "let-progress-fall",
    what: "progress follows the reports, up and down",
    file: "operator/core/reconcile/progress.ts",
    find: "Math.max(previous?.percent ?? 0, Math.min(99.9, round(share * 100)))",
    replace: "Math.min(99.9, round(share * 100))",
  },
  {
    name: "ignore-parallelism",
    what: "parallelism is not looked at",
    file: "operator/core/reconcile/start-attempts.ts",
    find: "slots <= 0",
    replace: "false",
  },
  {
    name: "spin-after-deadline",
    what: "real: a deadline that is over asks for the next pass at once, again and again",
    file: "operator/core/reconcile/decide.ts",
    find: "intent.stop ? null : intent.deadlineMs",
    replace: "intent.deadlineMs",
  },
  {
    name: "forget-time-to-live",
    what: "real: the pass that ends a MediaJob does not come back to delete it",
    file: "operator/core/reconcile/decide.ts",
    find: "        endOfLifeMs(job, status),\n",
    replace: "",
  },
  {
    name: "drop-event",
    what: "a phase transition is written without its event",
    file: "operator/kube/status-write.ts",
    find: "  shell.progressPace.shown(keyOf(job.metadata), shell.clock.now());\n",
    replace: `  shell.progressPace.shown(keyOf(job.metadata), shell.clock.now());
  if (job.status?.phase && status.phase !== job.status.phase)
    status = { ...status, webhooks: status.webhooks?.map((hook) => ({ ...hook, pending: hook.pending.slice(0, -1) })) };
`,
  },
  {
    name: "forget-history",
    what: "the history begins anew when a phase that rests is left",
    file: "operator/core/reconcile/history.ts",
    find: "[...history, added]",
    replace: '[...(from === "Suspended" ? [] : history), added]',
  },
  {
    name: "double-event",
    what: "a phase transition puts its event into the outbox twice",
    file: "operator/kube/status-write.ts",
    find: "  shell.progressPace.shown(keyOf(job.metadata), shell.clock.now());\n",
    replace: `  shell.progressPace.shown(keyOf(job.metadata), shell.clock.now());
  if (status.phase !== job.status?.phase)
    status = { ...status, webhooks: status.webhooks?.map((hook) => ({ ...hook, pending: [...hook.pending, ...hook.pending.slice(-1)] })) };
`,
  },
  {
    name: "status-before-jobs",
    what: "status is written first, then the Jobs are made that it tells of",
    file: "operator/kube/reconciler.ts",
    find: "for (const action of decision.actions) await apply(job, action, shell);",
    replace:
      "await writeStatus(job, decision.status, shell); for (const action of decision.actions) await apply(job, action, shell);",
  },
  {
    name: "overwrite-status",
    what: "status is written whatever others have written since",
    file: "operator/kube/status-write.ts",
    find: "nullWhenNotFound(shell.client.replaceStatus(MEDIA_JOBS, job.metadata, status, shell.fence()))",
    replace:
      "nullWhenNotFound(shell.client.get(MEDIA_JOBS, job.metadata).then((now) => shell.client.replaceStatus(MEDIA_JOBS, now?.metadata ?? job.metadata, status, shell.fence())))",
  },
  {
    name: "no-write-through",
    what: "the answers to our own writes are not put into the caches",
    file: "operator/kube/store.ts",
    find: "this.#accept(this.transform(object), true);",
    replace: "void object;",
  },
  {
    name: "take-anybodys-job",
    what: "AlreadyExists counts as success, whoever owns the Job",
    file: "operator/kube/apply-action.ts",
    find: "!ownerUids(found).includes(job.metadata.uid)",
    replace: "false",
  },
  {
    name: "give-place-back-too-early",
    what: "real: a create without an answer gives back its place in the pool",
    file: "operator/kube/reconciler.ts",
    find: "if (isRefusal(error)) giveBackPlaces(key, shell);",
    replace: "shell.usage.releaseUnseen(key, () => 'Gone');",
  },
  {
    name: "lose-too-early",
    what: "real: the place of an attempt that is thought lost is given away before its node is asked for anew",
    file: "operator/kube/reconciler.ts",
    find: "if (lost && deleting)",
    replace: "if (lost)",
  },
  {
    name: "lose-place",
    what: "a Job that ends does not give its place in the pool back",
    file: "operator/kube/reactions.ts",
    find: "if (usage.release(key)) onRoom();",
    replace: "",
  },
  {
    name: "cap-pools-alone",
    what: "real: one pass starts units in two pools, though the operator has one place left for both",
    file: "operator/core/reconcile/start-attempts.ts",
    find: "starts.actions.length < freeInAll && ",
    replace: "",
  },
  {
    name: "wake-nobody",
    what: "a place that becomes free wakes nobody who waits for it",
    file: "operator/kube/controller.ts",
    find: "if (next) this.enqueue(next);",
    replace: "void next;",
  },
  {
    name: "write-beside-another",
    what: "real: a MediaJob that is retried starts beside a younger one that writes the same files",
    file: "operator/core/queue/output-claims.ts",
    find: "const over = isOver(job) && !leaving;",
    replace:
      "const over = job.status?.phase !== undefined && TERMINAL_PHASES.includes(job.status.phase) && !leaving;",
  },
  {
    name: "decide-without-the-pod",
    what: "real: a Job that ended is decided upon though its pod was not asked for",
    file: "operator/kube/gather.ts",
    find: "    if (!job) return;\n",
    replace: "    return;\n",
  },
  {
    name: "no-fence",
    what: "a replica goes on writing when it leads no more",
    file: "operator/kube/controller.ts",
    find: "const timeoutMs = over.aborted ? 0 : remainingMs() - FENCE_MARGIN_MS;",
    replace: "const timeoutMs = 30_000 + 0 * (remainingMs() - FENCE_MARGIN_MS);",
  },
  {
    name: "outlive-the-term",
    what: "real: a pass that waits for an answer goes on in the next term, beside another of the same MediaJob",
    file: "operator/kube/controller.ts",
    find: "    await this.#former?.ended();\n",
    replace: "",
  },
  {
    name: "steal-the-lease",
    what: "a candidate takes the Lease whoever holds it",
    file: "operator/kube/leader.ts",
    find: "return this.#options.clock.now() < this.#seen.at + leaseDurationSeconds * 1000;",
    replace: "return false && leaseDurationSeconds;",
  },
  {
    name: "lose-dirty-keys",
    what: "a key that is asked for while it is worked on does not come again",
    file: "operator/kube/work-queue.ts",
    find: "      this.#waiting.set(key, dirtySince);\n",
    replace: "",
  },
  {
    name: "never-list-again",
    what: "an informer resumes after 410 from the version that is gone",
    file: "operator/kube/informer.ts",
    find: "if (invalidatesVersion(error)) this.#mustList = true;",
    replace: "void invalidatesVersion;",
  },
  {
    name: "let-old-news-win",
    what: "a cache takes whatever version comes last",
    file: "operator/kube/store.ts",
    find: "if (previous && !isNewer(resourceVersion, previous.metadata.resourceVersion)) return;",
    replace: "",
  },
  {
    name: "forget-deletions",
    what: "a cache keeps what a watch says was deleted",
    file: "operator/kube/store.ts",
    find: "this.#removeLife(object, false);",
    replace: "",
  },
  {
    name: "send-to-the-gone",
    what: "real: an endpoint that answered 410 gets the next event all the same, until the status tells of it",
    file: "operator/webhooks/dispatcher.ts",
    find: "    if (isGone) return undefined;\n",
    replace: "",
  },
  {
    name: "deliver-once-per-process",
    what: "real: an endpoint whose deliveries ended, with the term or since none was left, gets no more of them",
    file: "operator/webhooks/dispatcher.ts",
    find: "lane.running = false;",
    replace: "",
  },
  {
    name: "wake-the-deleted",
    what: "real: a MediaJob that is being deleted stays in the line and is woken for its turn again and again",
    file: "operator/kube/reconciler.ts",
    find: "shell.line.remove(key);",
    replace: "",
  },
  {
    name: "trust-the-watch",
    what: "real: a MediaJob whose Jobs garbage collection took is believed to be there",
    file: "operator/kube/gather.ts",
    find: "if (!doubted.delete(uid)) return;",
    replace: "doubted.delete(uid); return;",
  },
  {
    name: "retries-uncounted",
    what: "retries are let through however many of their kind run",
    file: "operator/kube/gather.ts",
    find: "allowed - usage.retrying(gateOf(failureClass, spec.priority))",
    replace: "allowed",
  },
  {
    name: "take-over-with-old-caches",
    what: "real: a new leader decides from what its watches happened to bring",
    file: "operator/kube/controller.ts",
    find: "await caches.refresh();",
    replace: "await null;",
  },
];
