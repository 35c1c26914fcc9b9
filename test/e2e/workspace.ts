import { chownSync, copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { MediaJob } from "../../crds/media-job.ts";
import { type Cluster, ensureCluster } from "../cluster/cluster.ts";
import { until } from "../cluster/until.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples/media");

/** What the tests read of a pod. */
export interface Pod {
  metadata: { name: string; uid: string; creationTimestamp: string; labels: Record<string, string> };
  spec: {
    nodeName: string;
    automountServiceAccountToken: boolean;
    securityContext: object;
    containers: { securityContext: object; resources: { limits: Record<string, string> } }[];
  };
  status: { phase: string };
}

/** A file or folder of the workspace's volume, as a MediaJob names it. */
export const onVolume = (path: string) => ({ volume: { claimName: "media", path } });

/** A namespace of its own for one test, with a volume `media` that this machine sees too. */
export interface Workspace {
  cluster: Cluster;
  namespace: string;
  /** The volume's folder, on this machine. */
  files: string;
  /** Copies a file of examples/media, or any other, into the volume. */
  put(file: string, as?: string): void;
  apply(manifest: object): Promise<void>;
  /** Applies a MediaJob that writes to `out/NAME`, unless its spec says otherwise. */
  start(name: string, spec: object): Promise<void>;
  /** Changes fields of a MediaJob's spec. */
  patch(name: string, spec: object): Promise<void>;
  get(name: string): Promise<MediaJob>;
  /** `kubectl wait`; throws when it takes too long. */
  wait(name: string, condition: string, timeoutSeconds?: number): Promise<void>;
  /** Waits until `check` answers true of the MediaJob; gives the MediaJob. */
  seen(name: string, what: string, check: (job: MediaJob) => boolean): Promise<MediaJob>;
  /** Every attempt that has a Job, as `UNIT NUMBER`, in order. */
  attempts(name: string): Promise<string[]>;
  /** The pods of a MediaJob, first made first; of `unit` alone, when it is named. */
  pods(name: string, unit?: string): Promise<Pod[]>;
  /** Waits until the worker of a unit has begun to write; gives its pod. */
  working(name: string, unit: string): Promise<Pod>;
  /** What attempts keep in `.mediajob` below `out/NAME` while they run. */
  staged(name: string): string[];
  remove(): Promise<void>;
}

export async function createWorkspace(name: string): Promise<Workspace> {
  const cluster = await ensureCluster();
  const { kubectl } = cluster;
  const namespace = `e2e-${name}`;
  await kubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=90s");
  await kubectl("create", "namespace", namespace);
  const volume = await cluster.createMediaVolume("media", { namespace });
  const within = ["--namespace", namespace];
  const get = (job: string) => kubectl.json<MediaJob>("get", "mediajob", job, ...within);
  const apply = async (manifest: object) => void (await kubectl.apply([manifest], ...within));
  const list = async <T>(kind: string, job: string, unit?: string) => {
    const selector = `mediajob.dev/job=${job}${unit ? `,mediajob.dev/unit=${unit}` : ""}`;
    const { items } = await kubectl.json<{ items: T[] }>("get", kind, ...within, "--selector", selector);
    return items;
  };
  const pods = async (job: string, unit?: string) =>
    (await list<Pod>("pods", job, unit)).toSorted((a, b) =>
      a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp),
    );
  const staged = (job: string): string[] => {
    const directory = join(volume.path, "out", job, ".mediajob");
    if (!existsSync(directory)) return [];
    return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) =>
      /-a\d+(\/|$)/.test(path),
    );
  };
  return {
    cluster,
    namespace,
    files: volume.path,
    put(file, as = `in/${basename(file)}`) {
      const target = join(volume.path, as);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(file.includes("/") ? file : join(EXAMPLES, file), target);
      chownSync(target, 1000, 1000);
    },
    apply,
    start: (job, spec) =>
      apply({
        apiVersion: "mediajob.dev/v1alpha1",
        kind: "MediaJob",
        metadata: { name: job },
        spec: { destination: onVolume(`out/${job}`), ...spec },
      }),
    patch: async (job, spec) =>
      void (await kubectl(
        ...["patch", "mediajob", job, ...within, "--type=merge", "--patch", JSON.stringify({ spec })],
      )),
    get,
    wait: async (job, condition, timeoutSeconds = 120) =>
      void (await kubectl(
        "wait",
        `mediajob/${job}`,
        `--for=${condition}`,
        ...within,
        `--timeout=${timeoutSeconds}s`,
      )),
    seen: (job, what, check) =>
      until(
        `MediaJob ${job}: ${what}`,
        async () => {
          const current = await get(job);
          return check(current) && current;
        },
        { timeoutMs: 120_000, everyMs: 200 },
      ),
    attempts: async (job) =>
      (await list<Pick<Pod, "metadata">>("jobs", job))
        .map(
          ({ metadata }) =>
            `${metadata.labels["mediajob.dev/unit"]} ${metadata.labels["mediajob.dev/attempt"]}`,
        )
        .toSorted(),
    pods,
    working: (job, unit) =>
      until(
        `a worker at unit ${unit} of MediaJob ${job}`,
        async () => {
          const pod = (await pods(job, unit)).at(-1);
          const attempt = `${unit}-a${pod?.metadata.labels["mediajob.dev/attempt"]}/`;
          return pod?.status.phase === "Running" && staged(job).some((path) => path.includes(attempt)) && pod;
        },
        { timeoutMs: 120_000, everyMs: 100 },
      ),
    staged,
    async remove() {
      await kubectl("delete", "namespace", namespace, "--wait=false"); // the next test need not wait for its end
      await volume.remove();
    },
  };
}
