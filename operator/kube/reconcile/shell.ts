import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import type { Configuration } from "../../core/configuration.ts";
import type { Breakers } from "../../core/queue/breaker.ts";
import type { KeptRoom } from "../../core/queue/kept-room.ts";
import type { OutputClaims } from "../../core/queue/output-claims.ts";
import type { Rejections } from "../../core/queue/rejections.ts";
import type { RetryLine } from "../../core/queue/retry-gate.ts";
import type { RoomWaits } from "../../core/queue/room-waits.ts";
import type { WaitingLine } from "../../core/queue/waiting-line.ts";
import type {
  Announcement,
  Decision,
  DeliveryOutcome,
  Measured,
  StartAttempt,
} from "../../core/reconcile/decision.ts";
import type { KubeClient } from "../api/client.ts";
import type { ObjectKey } from "../api/kube-object.ts";
import type { Job, Node, Pod, StoredMediaJob } from "../api/resources.ts";
import type { Echoes } from "../cache/echoes.ts";
import type { Store } from "../cache/store.ts";
import type { Clock } from "../clock.ts";
import type { PodLag } from "../jobs/pod-lag.ts";
import type { PoolUsage } from "../pool-usage.ts";
import type { ProgressPace } from "../progress-pace.ts";
import type { ProgressView } from "../progress-view.ts";
import type { Warnings } from "../warnings.ts";
import type { PlanStore } from "./plan-store.ts";

/** What a pass reads and writes. */
export interface Shell {
  client: Pick<KubeClient, "get" | "create" | "delete" | "list" | "mergePatch" | "replaceStatus">;
  mediaJobs: Store<StoredMediaJob, "uid">;
  jobs: Store<Job, "owner">;
  pods: Store<Pod, "mediaJob" | "node">;
  nodes: Store<Node>;
  warnings: Warnings;
  podLag: PodLag;
  /** UIDs of Jobs that have ended and whose pod is known to be gone. */
  podless: Set<string>;
  /** UIDs of MediaJobs of which the cache may be wrong, see `confirm`. */
  doubted: Set<string>;
  configuration(): Configuration;
  plans: PlanStore;
  usage: PoolUsage;
  line: WaitingLine;
  breakers: Breakers;
  retryLine: RetryLine;
  roomWaits: RoomWaits;
  keptRoom: KeptRoom;
  rejections: Rejections;
  claims: OutputClaims;
  echoes: Echoes;
  clock: Clock;
  progressPace: ProgressPace;
  progress: Pick<ProgressView, "of" | "forget">;
  deliveriesOf(key: ObjectKey): readonly DeliveryOutcome[];
  /** The time in which a write is surely ours alone, as its time limit. @throws when none is left. */
  fence(): { timeoutMs: number };
  onStart(job: StoredMediaJob, start: StartAttempt): void;
  onMeasured(measured: Measured): void;
  /** The status as the API server has it after this pass. */
  onStatus(key: ObjectKey, job: StoredMediaJob, change: StatusChange): void;
  onAnnouncement(job: StoredMediaJob, announcement: Announcement): void;
}

/** What a pass brought to a status. */
export interface StatusChange extends Pick<Decision, "newFailures"> {
  previous: MediaJobStatus | undefined;
}
