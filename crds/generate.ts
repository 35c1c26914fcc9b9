/**
 * Writes the CustomResourceDefinitions from the zod schemas beside this file, here and where the chart reads them, and
 * the JSON Schema of the report. `node crds/generate.ts` writes; with `--check` it writes nothing and exits 1 when a file
 * is out of date.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { z } from "zod";
import { customResourceDefinitionYaml, fileName } from "./generator/custom-resource-definition.ts";
import { firstDifference } from "./generator/first-difference.ts";
import { KINDS } from "./kinds.ts";
import { report } from "./report.ts";

const repository = resolve(import.meta.dirname, "..");
const FOLDERS = ["crds", "charts/mediajob/files"];

const checkOnly = process.argv.includes("--check");
try {
  for (const kind of KINDS) {
    const text = customResourceDefinitionYaml(kind);
    for (const folder of FOLDERS) settle(resolve(repository, folder, fileName(kind)), text);
  }
  const reportSchema = z.toJSONSchema(report, { target: "draft-2020-12" });
  settle(resolve(repository, "crds/report.schema.json"), `${JSON.stringify(reportSchema, null, 2)}\n`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error); // it names fields, a stack would bury them
  process.exitCode = 1;
}

/** Brings a file up to date, or with --check says where it is not. */
function settle(path: string, text: string): void {
  const name = relative(repository, path);
  const difference = firstDifference(read(path), text);
  if (!difference) return;
  if (checkOnly) {
    console.error(`${name} is out of date; run \`npm run crds\` and commit it. ${difference}`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${name}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
