import { EXIT } from "./exit-codes.ts";
import { describeErrors, readManifests } from "./manifests.ts";

/** `mediajob validate`: every error of every file, with its field path; nothing is run. */
export async function validate(files: readonly string[]): Promise<number> {
  let code: number = EXIT.succeeded;
  for (const file of files) {
    for (const document of await readManifests(file)) {
      const errors = describeErrors(document);
      if (errors.length) code = EXIT.usage;
      const lines = errors.length ? errors : [`${document.where} ${document.name}: valid`];
      (errors.length ? process.stderr : process.stdout).write(`${lines.join("\n")}\n`);
    }
  }
  return code;
}
