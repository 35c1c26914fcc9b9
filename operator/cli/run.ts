import { existsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { MediaJob } from "../../crds/media-job.ts";
import { type Configuration, configuration } from "../core/configuration.ts";
import { directoriesOf, secretsOf, volumesOf } from "./directories.ts";
import { EXIT, exitCodeOf, worse } from "./exit-codes.ts";
import { type LocalView, runLocally } from "./local-shell.ts";
import { readMediaJobs } from "./manifests.ts";
import { progressDisplay } from "./progress-display.ts";
import { resultTable } from "./result-table.ts";
import { listenForStop } from "./stop.ts";

export interface RunOptions {
  volume?: string[];
  secret?: string[];
  parallelism?: number;
  output: "table" | "json" | "yaml";
  /** Seconds for all documents together. */
  timeout?: number;
}

/**
 * `mediajob run`: runs every MediaJob of a file on this machine, one after another. Returns the exit code.
 *
 * @param onFinished called with each MediaJob as it ended, and the directories of its claims
 */
export async function run(
  file: string,
  options: RunOptions,
  onFinished: (view: LocalView, volumes: Readonly<Record<string, string>>) => void = () => undefined,
): Promise<number> {
  const jobs = await readMediaJobs(file);
  const given = directoriesOf("--volume", options.volume ?? [], { jobs, file });
  const secrets = directoriesOf("--secret", options.secret ?? [], { jobs, file });
  const stop = listenForStop(options.timeout);
  const views: LocalView[] = [];
  let code: number = EXIT.succeeded;

  // Before the first begins: what is found to be wrong later would cost the results of those before.
  const work = jobs.map((job) => ({
    job: localJob(job),
    volumes: volumesOf(job, given, file),
    secrets: secretsOf(job, secrets),
  }));
  for (const { job, volumes, secrets } of work) {
    const display = progressDisplay(process.stderr);
    const view = await runLocally(job, {
      configuration: localConfiguration(options.parallelism),
      workerFile: workerFile(),
      volumes,
      secrets,
      stop,
      onChange: (view) => display.show(view),
    }).finally(() => display.stop());
    views.push(view);
    onFinished(view, volumes);
    if (options.output === "table") process.stdout.write(`${resultTable(view, volumes)}\n`);
    code = worse(code, exitCodeOf(view.job.status?.phase));
    if (stop.signal.aborted) break;
  }
  if (options.output !== "table") process.stdout.write(printed(views, options.output));
  if (stop.interrupted()) return EXIT.interrupted;
  if (stop.signal.aborted) {
    process.stderr.write(
      `mediajob: --timeout ${options.timeout}: time ran out; what had not finished was stopped\n`,
    );
    return EXIT.failed;
  }
  return code;
}

/** What the cluster alone can do is left out, with a word. */
function localJob(job: MediaJob): MediaJob {
  const { webhooks, placement, ...spec } = job.spec;
  const say = (what: string) => process.stderr.write(`${job.metadata.name}: ${what}\n`);
  if (webhooks.length) say("webhooks are sent by the operator only; none is sent here");
  const { pool, ...anywhere } = placement;
  if (pool) say(`this machine is the only pool here; spec.placement.pool ${pool} is left out`);
  return { ...job, spec: { ...spec, webhooks: [], placement: anywhere } };
}

/** This machine as one pool. */
function localConfiguration(parallelism = availableParallelism()): Configuration {
  const perUnit = { cpu: availableParallelism(), memory: `${Math.floor(totalmem() / 2 ** 20)}Mi` };
  return configuration.parse({ pools: [{ name: "local", perUnit, concurrency: parallelism }] });
}

/** The worker program: bundled beside this file, or the source when this is the source. */
function workerFile(): string {
  const bundled = join(import.meta.dirname, "worker.js");
  return existsSync(bundled) ? bundled : join(import.meta.dirname, "../../worker-image/main.ts");
}

function printed(views: readonly LocalView[], output: "json" | "yaml"): string {
  const jobs = views.map(({ job }) => job);
  if (output === "yaml") return jobs.map((job) => stringify(job)).join("---\n");
  const value = jobs.length === 1 ? jobs[0] : { apiVersion: "v1", kind: "List", items: jobs };
  return `${JSON.stringify(value, null, 2)}\n`;
}
