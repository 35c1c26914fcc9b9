import { isTerminal } from "../../crds/media-job-status.ts";
import { type ApiAccess, loadAccess } from "../kube/api/access.ts";
import { ApiError } from "../kube/api/api-error.ts";
import { KubeClient } from "../kube/api/client.ts";
import { MEDIA_JOBS, type StoredMediaJob } from "../kube/api/resources.ts";
import { Informer } from "../kube/cache/informer.ts";
import { slimMediaJob } from "../kube/cache/slim.ts";
import { systemClock } from "../kube/clock.ts";
import { EXIT, exitCodeOf, UsageError, worse } from "./exit-codes.ts";
import { type WatchDisplay, watchDisplay } from "./watch-display.ts";

export interface WatchOptions {
  selector?: string;
  namespace?: string;
}

/**
 * `mediajob watch`: shows how MediaJobs in the cluster of the kubeconfig come along, until all of them have ended.
 * Returns the exit code of the worst.
 */
export async function watch(name: string | undefined, options: WatchOptions): Promise<number> {
  if ((name === undefined) === (options.selector === undefined))
    throw new UsageError("give either the name of a MediaJob or a label selector by -l");
  const access = await accessOrSayWhy();
  const client = new KubeClient(access);
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
  const display = watchDisplay(process.stderr);
  try {
    const namespace = options.namespace ?? access.namespace;
    const code = await follow({
      client,
      name,
      namespace,
      selector: options.selector,
      display,
      signal: interrupted.signal,
    });
    return interrupted.signal.aborted ? EXIT.interrupted : code;
  } finally {
    display.stop();
    await client.close();
  }
}

async function accessOrSayWhy(): Promise<ApiAccess> {
  try {
    return await loadAccess();
  } catch (error) {
    throw new UsageError(`the kubeconfig cannot be used: ${(error as Error).message}`);
  }
}

/** Follows until all that are selected have ended, or the signal aborts. @throws UsageError when there are none. */
export async function follow({
  client,
  name,
  namespace,
  selector,
  display,
  signal,
}: {
  client: Pick<KubeClient, "list" | "watch">;
  name?: string | undefined;
  namespace: string;
  selector?: string | undefined;
  display: WatchDisplay;
  signal: AbortSignal;
}): Promise<number> {
  const over = Promise.withResolvers<number>();
  const stop = new AbortController();
  const lost: string[] = [];
  const informer = new Informer<StoredMediaJob>({
    client,
    resource: MEDIA_JOBS,
    namespace,
    ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }),
    ...(selector !== undefined && { labelSelector: selector }),
    transform: slimMediaJob,
    clock: systemClock,
    random: Math.random,
    onError: (error) => {
      if (!informer.hasSynced && isRefusal(error)) over.reject(new UsageError((error as Error).message));
      else process.stderr.write(`${(error as Error).message}; trying again\n`);
    },
  });
  const finishIfOver = () => {
    const jobs = informer.store.list();
    if (!informer.hasSynced || !jobs.every(hasEnded)) return;
    const codes = jobs.map(({ status }) => exitCodeOf(status?.phase));
    over.resolve([...codes, ...lost.map(() => EXIT.failed)].reduce(worse, EXIT.succeeded));
  };
  informer.store.onChange(({ type, object }) => {
    if (type !== "deleted") display.show(object);
    else if (!hasEnded(object)) {
      process.stderr.write(`${object.metadata.name} was deleted before its end\n`);
      lost.push(object.metadata.name);
    }
    finishIfOver();
  });
  signal.addEventListener("abort", () => over.resolve(EXIT.interrupted));

  const running = informer.run(stop.signal);
  void informer.whenSynced().then(() => {
    if (informer.store.size === 0) {
      const what = name ?? `that ${selector} selects`;
      over.reject(new UsageError(`there is no MediaJob ${what} in the namespace ${namespace}`));
    }
    finishIfOver();
  });
  try {
    return await over.promise;
  } finally {
    stop.abort();
    await running;
  }
}

const hasEnded = ({ status }: StoredMediaJob): boolean => isTerminal(status?.phase);

/** What asking again does not change: no right, a selector that is none, no such kind. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && [400, 401, 403, 404].includes(error.code);
