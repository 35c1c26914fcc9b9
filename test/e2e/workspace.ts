import { chownSync, copyFileSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { MediaJob } from "../../crds/media-job.ts";
import { type Cluster, ensureCluster } from "../cluster/cluster.ts";
import { until } from "../cluster/until.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples/media");

/** A namespace of its own for one test, with a volume `media` that this machine sees too. */
export interface Workspace {
  cluster: Cluster;
  namespace: string;
  /** The volume's folder, on this machine. */
  files: string;
  /** Copies a file of examples/media, or any other, into the volume. */
  put(file: string, as?: string): void;
  apply(manifest: object): Promise<void>;
  get(name: string): Promise<MediaJob>;
  /** `kubectl wait`; throws when it takes too long. */
  wait(name: string, condition: string, timeoutSeconds?: number): Promise<void>;
  /** Waits until `check` answers true of the MediaJob; gives the MediaJob. */
  seen(name: string, what: string, check: (job: MediaJob) => boolean): Promise<MediaJob>;
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
    apply: async (manifest) => void (await kubectl.apply([manifest], ...within)),
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
    async remove() {
      await kubectl("delete", "namespace", namespace, "--timeout=90s");
      await volume.remove();
    },
  };
}
