/** The directories of this machine that stand for the claims and Secrets of a cluster. */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { MediaJob } from "../../crds/media-job.ts";
import { UsageError } from "./exit-codes.ts";

type Directories = Readonly<Record<string, string>>;

/** What a repeated option names, and how a MediaJob names it. */
const OPTIONS = {
  "--volume": { form: "CLAIM=DIR", noun: "claim", usedBy: claimsOf },
  "--secret": { form: "NAME=DIR", noun: "Secret", usedBy: keySecretsOf },
} as const;

/**
 * The directories that an option gives, by name.
 *
 * @throws UsageError for what cannot be read, and for a name that no MediaJob of the file uses: it is mistyped.
 */
export function directoriesOf(
  option: keyof typeof OPTIONS,
  given: readonly string[],
  { jobs, file }: { jobs: readonly MediaJob[]; file: string },
): Directories {
  const { form, noun, usedBy } = OPTIONS[option];
  const used = [...new Set(jobs.flatMap(usedBy))];
  const pairs = given.map((text) => {
    const [, name, directory] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (!name || !directory) throw new UsageError(`${option} ${text}: expected ${form}, e.g. media=./media`);
    if (!used.includes(name)) {
      const label = file === "-" ? "stdin" : file;
      const those = used.length ? new Intl.ListFormat("en").format(used) : "none";
      throw new UsageError(
        `${option} ${text}: no MediaJob of ${label} uses the ${noun} ${name}; it uses ${those}`,
      );
    }
    return [name, resolve(directory)] as const;
  });
  return Object.fromEntries(pairs);
}

/**
 * A claim that was not given is the directory of its name beside the manifest. One that is only written to is made:
 * nothing can be missing in it.
 */
export function volumesOf(job: MediaJob, given: Directories, file: string): Directories {
  const base = file === "-" ? process.cwd() : dirname(resolve(file));
  const read = new Set(claimsRead(job));
  const volumes = Object.fromEntries(
    claimsOf(job).map((claim) => [claim, given[claim] ?? join(base, claim)] as const),
  );
  for (const [claim, directory] of Object.entries(volumes)) {
    const another = `give another with --volume ${claim}=DIR`;
    const refuse = (why: string): never => {
      throw new UsageError(`${job.metadata.name}: ${why}`);
    };
    if (!read.has(claim)) makeDirectory(directory, (why) => refuse(`${why}; ${another}`));
    else if (!existsSync(directory))
      refuse(`there is no directory for the claim ${claim}: ${directory}; make it, or ${another}`);
    else if (!statSync(directory).isDirectory())
      refuse(`${directory}, which is to stand for the claim ${claim}, is no directory; ${another}`);
  }
  return volumes;
}

function makeDirectory(directory: string, refuse: (why: string) => never): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    refuse(`the directory ${directory} cannot be made: ${(error as Error).message}`);
  }
}

/** Secrets have no default place: keys do not belong beside manifests. */
export function secretsOf({ spec, metadata }: MediaJob, given: Directories): Directories {
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

function claimsOf(job: MediaJob): string[] {
  const { volume } = job.spec.destination;
  return [...new Set([...claimsRead(job), ...(volume ? [volume.claimName] : [])])];
}

function claimsRead({ spec }: MediaJob): string[] {
  return spec.sources.flatMap(({ volume }) => (volume ? [volume.claimName] : []));
}

function keySecretsOf({ spec }: MediaJob): string[] {
  return spec.outputs.flatMap(({ stream }) => stream?.encryption?.keySecretRef.name ?? []);
}
