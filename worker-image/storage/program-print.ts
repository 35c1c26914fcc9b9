import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fingerprintOf } from "./fingerprint.ts";

let known: Promise<string> | undefined;

/** Tells one build of this program from another: of the same things, another one may make something else. */
export function programPrint(): Promise<string> {
  known ??= import.meta.filename.endsWith(".ts") ? ofSource() : ofBundle();
  return known;
}

/** The program names its parts, and these are named by what they hold: see build.config.ts. */
const ofBundle = async (): Promise<string> =>
  fingerprintOf((await readFile(join(import.meta.dirname, "worker.js"))).toString("latin1"));

/** In a checkout whoever changes a file shall see what it does. */
async function ofSource(): Promise<string> {
  const repository = join(import.meta.dirname, "../..");
  const files = await Promise.all(
    ["worker-image", "crds"].map(async (folder) => {
      const names = await readdir(join(repository, folder), { recursive: true });
      const sources = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).toSorted();
      return await Promise.all(
        sources.map(async (name) => [name, (await stat(join(repository, folder, name))).mtimeMs]),
      );
    }),
  );
  return fingerprintOf(files);
}
