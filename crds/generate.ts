/**
 * Writes the CustomResourceDefinitions from the zod schemas beside this file, here and where the chart reads
 * them. `node crds/generate.ts` writes; with `--check` it writes nothing and exits 1 when a file is out of date.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { customResourceDefinitionYaml, fileName } from "./generator/custom-resource-definition.ts";
import { firstDifference } from "./generator/first-difference.ts";
import { KINDS } from "./kinds.ts";

const repository = resolve(import.meta.dirname, "..");
const FOLDERS = ["crds", "charts/mediajob/files"];

const checkOnly = process.argv.includes("--check");
const files = KINDS.flatMap((kind) => {
  const text = customResourceDefinitionYaml(kind);
  return FOLDERS.map((folder) => ({ path: resolve(repository, folder, fileName(kind)), text }));
});

for (const { path, text } of files) {
  const name = relative(repository, path);
  const difference = firstDifference(read(path), text);
  if (!difference) continue;
  if (checkOnly) {
    console.error(`${name} is out of date; run \`npm run crds\` and commit it. ${difference}`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
