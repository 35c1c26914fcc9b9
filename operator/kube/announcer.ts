import { API_VERSION } from "../../crds/group.ts";
import { PHASES } from "../../crds/media-job-status.ts";
import type { Announcement } from "../core/reconcile/decision.ts";
import type { KubeClient } from "./api/client.ts";
import type { KubeObject } from "./api/kube-object.ts";
import { EVENTS, type StoredMediaJob } from "./api/resources.ts";
import type { Clock } from "./clock.ts";
import { eventOf } from "./event.ts";

/** Events written in a second, and how many may be written at once after a quiet time. */
const PER_SECOND = 10;
const BURST = 50;

/** Announcements that may wait. More is the flood of a great failure; the conditions and the status tell of it too. */
const MAX_WAITING = 5_000;

/**
 * Tells `kubectl describe` of announcements, as Kubernetes Events of the MediaJob. Work goes first: they are written
 * at a bounded rate, and of the phases of a MediaJob that wait, unless they are Warnings, only the last is. In a burst
 * of a thousand MediaJobs the Events would otherwise be two of five writes. All else always waits for its turn, and others
 * of its reason that come meanwhile are counted in it. Whatever waits when the operator ends is not told: an Event is
 * news, the truth is the status.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  /** By MediaJob and, for what no later phase replaces, by reason. */
  readonly #waiting = new Map<string, Told>();
  #tokens = BURST;
  #filledAtMs: number;
  #cancel: (() => void) | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#filledAtMs = options.clock.now();
  }

  tell({ metadata }: StoredMediaJob, announcement: Announcement): void {
    const { type, reason } = announcement;
    const isPhase = type === "Normal" && (PHASES as readonly string[]).includes(reason);
    const slot = isPhase ? metadata.uid : `${metadata.uid}/${reason}`;
    const before = this.#waiting.get(slot);
    if (this.#waiting.size >= MAX_WAITING && !before) return;
    const at = this.#options.clock.date();
    const told = { metadata, announcement, firstAt: at, at, count: 1 };
    const again = !isPhase && before && { firstAt: before.firstAt, count: before.count + 1 };
    this.#waiting.set(slot, { ...told, ...again });
    this.#write();
  }

  /** Forgets what waits. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting.clear();
  }

  #write(): void {
    if (this.#cancel) return; // goes on by itself
    const { clock } = this.#options;
    const now = clock.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAtMs) * PER_SECOND) / 1000);
    this.#filledAtMs = now;
    for (const [slot, told] of this.#waiting) {
      if (this.#tokens < 1) break;
      this.#tokens -= 1;
      this.#waiting.delete(slot);
      this.#create(told);
    }
    if (this.#waiting.size === 0) return;
    this.#cancel = clock.after(1000 / PER_SECOND, () => {
      this.#cancel = undefined;
      this.#write();
    });
  }

  #create({ metadata, announcement, firstAt, at, count }: Told): void {
    const { client, instance, onError } = this.#options;
    const { name, namespace, uid, resourceVersion } = metadata;
    const involved = { apiVersion: API_VERSION, kind: "MediaJob", name, namespace, uid, resourceVersion };
    const event = eventOf(involved, announcement, { firstAt, at, count, instance });
    client.create(EVENTS, event).catch((error: unknown) => onError(error, name, announcement.reason));
  }
}

interface AnnouncerOptions {
  client: Pick<KubeClient, "create">;
  clock: Clock;
  /** Name of this replica. */
  instance: string;
  /** An Event was not written; it is not tried again. */
  onError: (error: unknown, mediaJob: string, reason: string) => void;
}

interface Told {
  metadata: KubeObject["metadata"];
  announcement: Announcement;
  firstAt: Date;
  at: Date;
  count: number;
}
