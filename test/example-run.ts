import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { MediaJob } from "../crds/media-job.ts";
import { command } from "./cluster/command.ts";
import { PROGRAMS } from "./programs.ts";

const EXAMPLES = resolve(import.meta.dirname, "../examples");

/** An example as its first lines say that it is run. */
export interface ExampleRun extends AsyncDisposable {
  job: MediaJob;
  /** Where its results lie. */
  results: string;
}

/** `secrets` are those that it names, with their keys. @throws Error unless it succeeds. */
export async function runExample(
  name: string,
  secrets: Record<string, Record<string, Buffer>> = {},
): Promise<ExampleRun> {
  const directory = await mkdtemp(join(tmpdir(), "mediajob-example-"));
  const given: string[] = [];
  for (const [secret, keys] of Object.entries(secrets)) {
    await mkdir(join(directory, secret));
    for (const [key, value] of Object.entries(keys)) await writeFile(join(directory, secret, key), value);
    given.push("--secret", `${secret}=${join(directory, secret)}`);
  }
  const printed = await command(process.execPath, [
    ...[PROGRAMS.mediajob, "run", join(EXAMPLES, "mediajobs", `${name}.yaml`), "--output", "json"],
    ...["--volume", `media=${join(EXAMPLES, "media")}`, "--volume", `results=${directory}`],
    ...given,
  ]);
  return {
    job: JSON.parse(printed) as MediaJob,
    results: join(directory, name),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
