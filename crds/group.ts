/** The API group every kind lives in, and the names the operator and the worker share. */
export const GROUP = "mediajob.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}`;

/** Labels on every Job and Pod of a unit. Values are cut to the 63 characters a label may have. */
export const LABELS = {
  job: `${GROUP}/job`,
  /** UID of the MediaJob: names are used again, UIDs never. */
  jobUid: `${GROUP}/job-uid`,
  unit: `${GROUP}/unit`,
  attempt: `${GROUP}/attempt`,
} as const;

/** The unit itself, as JSON, on the pod; a downward-API volume shows it to the worker as a file. */
export const UNIT_ANNOTATION = `${GROUP}/unit-spec`;

/** Audience of the projected token with which a worker reports progress. */
export const TOKEN_AUDIENCE = "mediajob";

/**
 * Where a worker finds its surroundings. The kubelet sets them in a pod; `mediajob run` sets them for a
 * child process. Nothing else reaches the worker from outside.
 */
export const WORKER_ENV = {
  /** File that holds the unit as JSON. */
  unitFile: "MEDIAJOB_UNIT_FILE",
  /** File that takes the result summary, at most 4096 bytes; the kubelet's termination message. */
  resultFile: "MEDIAJOB_RESULT_FILE",
  /** Private directory for intermediate files, gone with the attempt. */
  scratchDir: "MEDIAJOB_SCRATCH_DIR",
  /** JSON object: claim name to directory. Unset: `/volumes/<claim>`. */
  volumes: "MEDIAJOB_VOLUMES",
  /** JSON object: Secret name to directory with a file for each key. Unset: `/secrets/<name>`. */
  secrets: "MEDIAJOB_SECRETS",
  /** `http(s)://…` takes progress by POST, `fd:N` as JSON lines on that file descriptor. Unset: none is sent. */
  progress: "MEDIAJOB_PROGRESS",
  /** File that holds the bearer token for progress by POST; read anew for each request, the kubelet rotates it. */
  tokenFile: "MEDIAJOB_TOKEN_FILE",
} as const;

/**
 * How a worker's runtime is set; in a pod by Dockerfile.worker. All three keep memory that one burst of work took from
 * staying with the process: V8 lets the young generation grow and never gives it back, lets the old one grow to four
 * times what is in use where it might take gigabytes and by a third where it may not (a unit of 1,000 images uses 18 MB of
 * the 512), and glibc keeps an arena for each of up to eight threads a core, with what was freed in it. RSS after 1,000
 * images was 1.10 times that after 100 instead of 1.19 to 1.40, and 101 MiB; without the bound on arenas it was 129 MiB.
 * None takes more processor time; a single arena does, a fifth. jemalloc and mimalloc took 134 and 140 MiB.
 */
export const WORKER_RUNTIME_ENV = {
  NODE_OPTIONS: "--max-semi-space-size=1 --max-old-space-size=512",
  MALLOC_ARENA_MAX: "2",
} as const;
