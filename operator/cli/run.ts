import { existsSync, mkdirSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { stringify } from "yaml";
import type { MediaJob } from "../../crds/media-job.ts";
import { type Configuration, configuration } from "../core/configuration.ts";
import { EXIT, exitCodeOf, UsageError, worse } from "./exit-codes.ts";
import { type LocalView, runLocally } from "./local-shell.ts";
import { readMediaJobs } from "./manifests.ts";
import { progressDisplay } from "./progress-display.ts";
import { resultTable } from "./result-table.ts";

export interface RunOptions {
  volume: string[];
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
  const given = parseDirectories("--volume CLAIM=DIR", options.volume);
  const secrets = parseDirectories("--secret NAME=DIR", options.secret ?? []);
  const stop = stopSignal(options.timeout);
  const views: LocalView[] = [];
  let code: number = EXIT.succeeded;

  for (const job of jobs) {
    const volumes = volumesOf(job, given, file);
    const display = progressDisplay(process.stderr);
    if (job.spec.webhooks.length) {
      process.stderr.write(
        `${job.metadata.name}: webhooks are sent by the operator only; none is sent here\n`,
      );
    }
    const view = await runLocally(
      { ...job, spec: { ...job.spec, webhooks: [] } },
      {
        configuration: localConfiguration(options.parallelism),
        workerFile: workerFile(),
        volumes,
        secrets: secretsOf(job, secrets),
        signal: stop.signal,
        onChange: (view) => display.show(view),
      },
    ).finally(() => display.stop());
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

function parseDirectories(option: string, given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, directory] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
      const [flag, form] = option.split(" ");
      if (!name || !directory) throw new UsageError(`${flag} ${text}: expected ${form}, e.g. media=./media`);
      return [name, resolve(directory)];
    }),
  );
}

/**
 * A claim that was not given is the directory of its name beside the manifest. One that is only written to is made:
 * nothing can be missing in it.
 */
function volumesOf(
  { spec, metadata }: MediaJob,
  given: Record<string, string>,
  file: string,
): Record<string, string> {
  const base = file === "-" ? process.cwd() : dirname(resolve(file));
  const claimsOf = (places: readonly Pick<MediaJob["spec"]["destination"], "volume">[]) =>
    places.flatMap(({ volume }) => (volume ? [volume.claimName] : []));
  const read = new Set(claimsOf(spec.sources));
  const claims = [...read, ...claimsOf([spec.destination])];
  const volumes = Object.fromEntries(
    [...new Set(claims)].map((claim) => [claim, given[claim] ?? join(base, claim)]),
  );
  for (const [claim, directory] of Object.entries(volumes)) {
    if (!read.has(claim)) mkdirSync(directory, { recursive: true });
    else if (!existsSync(directory)) {
      throw new UsageError(
        `${metadata.name}: there is no directory for the claim ${claim}: ${directory}; make it, or give another with --volume ${claim}=DIR`,
      );
    }
  }
  return volumes;
}

/** Secrets have no default place: keys do not belong beside manifests. */
function secretsOf({ spec, metadata }: MediaJob, given: Record<string, string>): Record<string, string> {
  for (const { name: output, stream } of spec.outputs) {
    const name = stream?.encryption?.keySecretRef.name;
    const directory = name === undefined ? undefined : given[name];
    if (name === undefined || (directory !== undefined && existsSync(directory))) continue;
    throw new UsageError(
      `${metadata.name}: output ${output} needs the Secret ${name}: give a directory with a file for each of its keys, with --secret ${name}=DIR`,
    );
  }
  return given;
}

function stopSignal(timeoutSeconds: number | undefined): { signal: AbortSignal; interrupted(): boolean } {
  const controller = new AbortController();
  let interrupted = false;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      interrupted = true;
      controller.abort();
    });
  }
  if (timeoutSeconds !== undefined) setTimeout(() => controller.abort(), timeoutSeconds * 1000).unref();
  return { signal: controller.signal, interrupted: () => interrupted };
}

function printed(views: readonly LocalView[], output: "json" | "yaml"): string {
  const jobs = views.map(({ job }) => job);
  if (output === "yaml") return jobs.map((job) => stringify(job)).join("---\n");
  const value = jobs.length === 1 ? jobs[0] : { apiVersion: "v1", kind: "List", items: jobs };
  return `${JSON.stringify(value, null, 2)}\n`;
}
