import { FAILURE_REASONS, type FailureReason } from "./failures.ts";
import { PHASES, type Phase } from "./media-job-status.ts";

/** Reasons that are neither a phase nor why work failed. One that is retired is never used again for something else. */
const OTHER_REASONS = [
  /** A unit does without the accelerator that it was planned to have; also of a warning in the status. */
  "RunsWithoutGpu",
  /** Outputs were not made again, since another MediaJob had made the same. */
  "OutputsReused",
  /** The operator's configuration file is not valid: of an Event of the operator's pod. */
  "InvalidConfiguration",
] as const;

/** Every `reason` of a Kubernetes Event that the operator writes. Programs read it, people the message. */
export type EventReason = Phase | FailureReason | (typeof OTHER_REASONS)[number];

export const EVENT_REASONS: readonly EventReason[] = [
  ...PHASES,
  ...(Object.keys(FAILURE_REASONS) as FailureReason[]),
  ...OTHER_REASONS,
];
