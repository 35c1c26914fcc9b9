import { readdirSync, rmSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { PRIVATE_DIRECTORY } from "../../crds/naming.ts";
import type { Unit } from "../../crds/unit.ts";
import { WorkFailure } from "../work-failure.ts";

/**
 * `.mediajob/<job uid>/` at the destination: the manifests and journals of a MediaJob's units, which stay,
 * and each attempt's private directory, which is gone when the attempt is. It lies at the destination so that
 * a finished file is renamed into place within one file system.
 */
export interface PrivateDirectory {
  /** `.mediajob/<job uid>`, absolute. */
  jobDirectory: string;
  /** The attempt's own, absolute. */
  staging: string;
  manifest: string;
  journal: string;
}

/**
 * Makes the attempt's directory, and removes those of earlier attempts at the unit: one that still runs, on a node that
 * stopped answering, can publish nothing more.
 *
 * @throws WorkFailure Terminated where a later attempt has begun
 */
export async function makePrivateDirectory(destination: string, unit: Unit): Promise<PrivateDirectory> {
  const paths = privatePaths(destination, unit);
  await makeShared(paths.jobDirectory);
  await rm(paths.staging, { recursive: true, force: true });
  await mkdir(paths.staging, { mode: 0o700 }); // before it looks: of two that begin at once, one sees the other
  const names = await readdir(paths.jobDirectory);
  const overtaken = overtakenBy(names, paths);
  if (overtaken) {
    sweepPrivateDirectory(paths);
    throw overtaken;
  }
  for (const name of names) {
    const attempt = attemptOf(name, unit.name);
    if (attempt !== undefined && attempt < unit.attempt) {
      await rm(join(paths.jobDirectory, name), { recursive: true, force: true });
    }
  }
  return paths;
}

/** Removes what the attempt has not published, and keeps its directory. */
export function emptyPrivateDirectory({ staging }: PrivateDirectory): void {
  for (const name of readdirSync(staging)) {
    rmSync(join(staging, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Removes the attempt's directory. Synchronous: it also runs when the process is about to be replaced. */
export function sweepPrivateDirectory({ staging }: PrivateDirectory): void {
  rmSync(staging, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Removes the directories that attempts of a MediaJob left behind, of parts and of whatever else is not kept; but
 * this attempt's own, and those of attempts beyond `toAttempt`, which may be at work.
 *
 * @throws WorkFailure Terminated where a later attempt has begun: that may be at work, and sweeps itself
 */
export async function sweepJobDirectory(
  { jobDirectory, staging }: PrivateDirectory,
  toAttempt: number,
): Promise<string[]> {
  const swept: string[] = [];
  const entries = await readdir(jobDirectory, { withFileTypes: true });
  const overtaken = overtakenBy(
    entries.map(({ name }) => name),
    { staging },
  );
  if (overtaken) throw overtaken;
  for (const entry of entries) {
    const path = join(jobDirectory, entry.name);
    const attempt = Number(entry.name.match(/-a([0-9]+)$/)?.[1] ?? 0);
    if (!entry.isDirectory() || path === staging || attempt > toAttempt) continue;
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
    swept.push(entry.name);
  }
  return swept;
}

/** The text of every manifest that attempts of a MediaJob left, one after another. */
export async function* manifestsOf({ jobDirectory }: PrivateDirectory): AsyncGenerator<string> {
  const names = (await readdir(jobDirectory)).filter((name) => /-a[0-9]+\.json$/.test(name));
  for (const name of names.toSorted()) yield await readFile(join(jobDirectory, name), "utf8");
}

/** The journals of a MediaJob's units. */
export async function journalsOf({
  jobDirectory,
}: PrivateDirectory): Promise<{ unit: string; path: string }[]> {
  const names = (await readdir(jobDirectory)).filter((name) => name.endsWith(JOURNAL));
  return names
    .toSorted()
    .map((name) => ({ unit: name.slice(0, -JOURNAL.length), path: join(jobDirectory, name) }));
}

const JOURNAL = ".made.jsonl";

function privatePaths(destination: string, { job, name, attempt }: Unit): PrivateDirectory {
  const jobDirectory = join(destination, PRIVATE_DIRECTORY, job.uid);
  const attemptName = `${name}-a${attempt}`;
  return {
    jobDirectory,
    staging: join(jobDirectory, attemptName),
    manifest: join(jobDirectory, `${attemptName}.json`),
    journal: join(jobDirectory, `${name}${JOURNAL}`),
  };
}

/** Whose group may write in it, and owns what is made there. */
export const SHARED_DIRECTORY_MODE = 0o2775;

/**
 * Makes a directory and its parents. On a volume that pods of several users share through a common group
 * (fsGroup sets the setgid bit), what is made there stays writable for that group.
 */
export async function makeShared(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true }).catch(async (error: NodeJS.ErrnoException) => {
    // So Node calls it that a file system is read-only; a plain mkdir tells.
    if (error.code === "ENOENT") await mkdir(await firstMissing(directory));
    throw error;
  });
  if (first === undefined) return;
  const depth = relative(first, directory).split(sep).filter(Boolean).length;
  for (let up = depth; up >= 0; up--) {
    const made = join(directory, ...Array<string>(up).fill(".."));
    if (await isShared(dirname(made))) await chmod(made, SHARED_DIRECTORY_MODE);
  }
}

/** The directory itself, or the uppermost of those above it that are not there. */
async function firstMissing(directory: string): Promise<string> {
  const parent = dirname(directory);
  return (await stat(parent).catch(() => undefined)) ? directory : await firstMissing(parent);
}

/** Whether the group that owns a directory is meant to write there. */
export async function isShared(directory: string): Promise<boolean> {
  return ((await stat(directory)).mode & 0o2020) === 0o2020;
}

/**
 * Why an attempt does nothing more: a later one has begun, as its directory tells, or has ended, as its manifest does. A
 * node that cannot reach the API server may begin a pod, or go on with one, long after the next attempt began elsewhere.
 */
function overtakenBy(
  names: readonly string[],
  { staging }: Pick<PrivateDirectory, "staging">,
): WorkFailure | undefined {
  const [, unit = "", own = ""] = basename(staging).match(/^(.+)-a([0-9]+)$/) ?? [];
  const later = names
    .map((name) => attemptOf(name.replace(/\.json$/, ""), unit))
    .find((attempt) => attempt !== undefined && attempt > Number(own));
  return later === undefined
    ? undefined
    : new WorkFailure(
        "Terminated",
        `attempt ${later} at unit ${unit} has begun, so that attempt ${own} is over`,
      );
}

function attemptOf(name: string, unit: string): number | undefined {
  const number = name.startsWith(`${unit}-a`) ? name.slice(unit.length + 2) : "";
  return /^[0-9]+$/.test(number) ? Number(number) : undefined;
}
