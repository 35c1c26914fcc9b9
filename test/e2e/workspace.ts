import { chownSync, copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { MediaJob } from "../../crds/media-job.ts";
import { CONFIG_MAPS, JOBS, MEDIA_JOBS, PODS } from "../../operator/kube/api/resources.ts";
import { type Cluster, ensureCluster } from "../cluster/cluster.ts";
import { connect } from "../cluster/connect.ts";
import { until } from "../cluster/until.ts";
import { diagnose } from "./diagnosis.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples/media");

/** Many times what anything here takes on an idle machine: who runs out of it stands still and is not merely slow. */
const PATIENCE_SECONDS = 240;

/** What the tests read of a pod. */
export interface Pod {
  metadata: { name: string; uid: string; creationTimestamp: string; labels: Record<string, string> };
  spec: {
    nodeName: string;
    automountServiceAccountToken: boolean;
    securityContext: object;
    containers: { securityContext: object; resources: { limits: Record<string, string> } }[];
  };
  status: {
    phase: string;
    containerStatuses?: { state: { terminated?: { finishedAt: string } } }[];
  };
}

/** A file or folder of the workspace's volume, as a MediaJob names it. */
export const onVolume = (path: string) => ({ volume: { claimName: "media", path } });

/** For a MediaJob whose units are to be found at work: they get a fifth of a core. */
export const SLOWLY = { placement: { pool: "slow" } };

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
  /** `kubectl wait`. This and the other waits throw when it takes too long, with all that tells why. */
  wait(name: string, condition: string, timeoutSeconds?: number): Promise<void>;
  /** Waits until `check` answers true of the MediaJob; gives the MediaJob. */
  seen(name: string, what: string, check: (job: MediaJob) => boolean): Promise<MediaJob>;
  /** Waits until neither a MediaJob nor anything made for it is there. */
  gone(name: string): Promise<unknown>;
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
  await kubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=300s");
  await kubectl("create", "namespace", namespace);
  const volume = await cluster.createMediaVolume("media", { namespace });
  const within = ["--namespace", namespace];
  const apply = async (manifest: object) => void (await kubectl.apply([manifest], ...within));
  // What is asked again and again is asked without a process for each time.
  const client = await connect(cluster.kubeconfig);
  const get = async (name: string): Promise<MediaJob> => {
    const job = await client.get(MEDIA_JOBS, { namespace, name });
    if (!job) throw new Error(`there is no MediaJob ${namespace}/${name}`);
    return job;
  };
  const of = (job: string, unit?: string) => ({
    namespace,
    labelSelector: `mediajob.dev/job=${job}${unit ? `,mediajob.dev/unit=${unit}` : ""}`,
  });
  const pods = async (job: string, unit?: string) => {
    const { items } = await client.list(PODS, of(job, unit));
    return (items as unknown as Pod[]).toSorted((a, b) =>
      a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp),
    );
  };
  const staged = (job: string): string[] => {
    const directory = join(volume.path, "out", job, ".mediajob");
    if (!existsSync(directory)) return [];
    return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) =>
      /-a\d+(\/|$)/.test(path),
    );
  };
  const explained = <T>(job: string, wait: Promise<T>): Promise<T> =>
    wait.catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await diagnose(kubectl, namespace, job)}`, { cause: error });
    });
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
    wait: async (job, condition, timeoutSeconds = PATIENCE_SECONDS) =>
      void (await explained(
        job,
        kubectl("wait", `mediajob/${job}`, `--for=${condition}`, ...within, `--timeout=${timeoutSeconds}s`),
      )),
    seen: (job, what, check) =>
      explained(
        job,
        until(
          `MediaJob ${job}: ${what}`,
          async () => {
            const current = await get(job);
            return check(current) && current;
          },
          { timeoutMs: PATIENCE_SECONDS * 1000, everyMs: 200 },
        ),
      ),
    gone: (job) =>
      explained(
        job,
        until(
          `the end of MediaJob ${job} and its Jobs, pods and plan`,
          async () => {
            if (await client.get(MEDIA_JOBS, { namespace, name: job })) return false;
            const units = await Promise.all([client.list(JOBS, of(job)), client.list(PODS, of(job))]);
            const plans = await client.list(CONFIG_MAPS, { namespace });
            return [...units, plans].every(({ items }) =>
              items.every(({ metadata: { name } }) => !name?.startsWith(`${job}-`)),
            );
          },
          { timeoutMs: PATIENCE_SECONDS * 1000, everyMs: 200 },
        ),
      ),
    attempts: async (job) =>
      (await client.list(JOBS, of(job))).items
        .map(
          ({ metadata: { labels } }) =>
            `${labels?.["mediajob.dev/unit"]} ${labels?.["mediajob.dev/attempt"]}`,
        )
        .toSorted(),
    pods,
    working: (job, unit) =>
      explained(
        job,
        until(
          `a worker at unit ${unit} of MediaJob ${job}`,
          async () => {
            const pod = (await pods(job, unit)).at(-1);
            const attempt = `${unit}-a${pod?.metadata.labels["mediajob.dev/attempt"]}/`;
            return (
              pod?.status.phase === "Running" && staged(job).some((path) => path.includes(attempt)) && pod
            );
          },
          { timeoutMs: PATIENCE_SECONDS * 1000, everyMs: 100 },
        ),
      ),
    staged,
    async remove() {
      await client.close();
      await kubectl("delete", "namespace", namespace, "--wait=false"); // the next test need not wait for its end
      await volume.remove();
      await cluster.stop(); // else the last to leave would find this process there still, and end nothing
    },
  };
}
