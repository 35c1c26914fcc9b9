import { WORKER_ENV } from "../crds/group.ts";

/** Where the worker finds what it needs; the kubelet or `mediajob run` says so in the environment. */
export interface Surroundings {
  unitFile: string;
  resultFile: string;
  scratchDir: string;
  /** The directory of a claim. */
  volumeRoot(claimName: string): string;
  /** The directory of a Secret, with a file for each of its keys. */
  secretRoot(name: string): string;
  /** `http(s)://…` or `fd:N`; unset sends no progress. */
  progress: string | undefined;
  tokenFile: string | undefined;
}

/** @throws Error that names the variable which is missing or malformed. */
export function readSurroundings(environment: Readonly<Record<string, string | undefined>>): Surroundings {
  const required = (name: string): string => {
    const value = environment[name];
    if (!value)
      throw new Error(`the environment variable ${name} is not set; it is set by whoever starts a worker`);
    return value;
  };
  const volumes = readDirectories(environment, WORKER_ENV.volumes, "claim names");
  const secrets = readDirectories(environment, WORKER_ENV.secrets, "names of Secrets");
  return {
    unitFile: required(WORKER_ENV.unitFile),
    resultFile: required(WORKER_ENV.resultFile),
    scratchDir: required(WORKER_ENV.scratchDir),
    volumeRoot: (claimName) => volumes.get(claimName) ?? `/volumes/${claimName}`,
    secretRoot: (name) => secrets.get(name) ?? `/secrets/${name}`,
    progress: environment[WORKER_ENV.progress] || undefined,
    tokenFile: environment[WORKER_ENV.tokenFile] || undefined,
  };
}

function readDirectories(
  environment: Readonly<Record<string, string | undefined>>,
  variable: string,
  keys: string,
): Map<string, string> {
  const text = environment[variable];
  if (!text) return new Map();
  const malformed = () =>
    new Error(`${variable} must be a JSON object of ${keys} and directories, and is ${text}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed();
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed();
  const directories = new Map(Object.entries(value));
  for (const directory of directories.values()) if (typeof directory !== "string") throw malformed();
  return directories;
}
