/**
 * Why work fails. One table for the worker, which exits with a class's code, and for the operator, which
 * reads the code back and decides what follows.
 */

/** The classes, each with its exit code, whether another attempt can help, and whether that attempt counts. */
export const FAILURE_CLASSES = {
  /** The source is missing, broken or of an unsupported kind. The same bytes fail again. */
  input: { exitCode: 10, retried: false, counted: true },
  /** The spec asks for what cannot be done. */
  config: { exitCode: 11, retried: false, counted: true },
  network: { exitCode: 20, retried: true, counted: true },
  /** The volume or bucket answered with an error that may pass. */
  storage: { exitCode: 21, retried: true, counted: true },
  /** More memory is needed than the attempt had; `needs.memoryBytes` says how much where it is known. */
  memory: { exitCode: 30, retried: true, counted: true },
  /** Scratch or destination is full. */
  disk: { exitCode: 31, retried: true, counted: true },
  deadline: { exitCode: 32, retried: true, counted: true },
  /** The accelerator is missing or failed; the CPU may do it. */
  hardware: { exitCode: 33, retried: true, counted: true },
  /** The pod was stopped from outside: drain, preemption, node loss, cancel. */
  disruption: { exitCode: 40, retried: true, counted: false },
  /** What nothing else explains: a defect of the worker or of an engine. */
  internal: { exitCode: 70, retried: true, counted: true },
} as const;

export type FailureClass = keyof typeof FAILURE_CLASSES;

/** Machine-readable reasons, each of one class. A retired reason is never used again for something else. */
export const FAILURE_REASONS = {
  SourceNotFound: "input",
  SourceUnreadable: "input",
  SourceEmpty: "input",
  SourceIsDirectory: "input",
  SourceOutsideVolume: "input",
  SourceTruncated: "input",
  SourceCorrupt: "input",
  SourceTooLarge: "input",
  UnsupportedFormat: "input",
  NoVideoStream: "input",
  NoAudioStream: "input",
  InvalidOutputSpec: "config",
  InvalidUnit: "config",
  OutputExists: "config",
  OutputPathConflict: "config",
  EncoderMissing: "config",
  VolumeMissing: "config",
  /** A Secret that the spec names is not there, or what is in it is of no use. */
  SecretMissing: "config",
  DestinationUnwritable: "storage",
  StorageError: "storage",
  /** A part of a long video that was made before is gone; it has to be made again. */
  PartMissing: "storage",
  NetworkError: "network",
  MemoryLimitExceeded: "memory",
  DiskFull: "disk",
  DeadlineExceeded: "deadline",
  Stalled: "deadline",
  PodNotStarted: "deadline",
  HardwareUnavailable: "hardware",
  Terminated: "disruption",
  NodeLost: "disruption",
  Evicted: "disruption",
  PodDeleted: "disruption",
  /** Its node would not take its pod, though the scheduler had chosen it. */
  NotAdmitted: "disruption",
  /** What else runs on the nodes has left no room for its pod for too long. */
  NotScheduled: "disruption",
  /** What else runs in the namespace has left no room for its pod in a ResourceQuota for too long. */
  QuotaExceeded: "disruption",
  VerificationFailed: "internal",
  EngineFailed: "internal",
  WorkerCrashed: "internal",
  NoResult: "internal",
  NoPoolFits: "config",
  UnitCreationRejected: "config",
} as const satisfies Record<string, FailureClass>;

export type FailureReason = keyof typeof FAILURE_REASONS;

/** The class a reason belongs to. */
export const classOf = (reason: FailureReason): FailureClass => FAILURE_REASONS[reason];

const classByExitCode = new Map<number, FailureClass>(
  Object.entries(FAILURE_CLASSES).map(([name, { exitCode }]) => [exitCode, name as FailureClass]),
);

/** The class a worker's exit code stands for; undefined for a code no worker chooses (1, 137, …). */
export const classByCode = (exitCode: number): FailureClass | undefined => classByExitCode.get(exitCode);
