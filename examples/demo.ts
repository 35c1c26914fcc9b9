/**
 * `npm run demo`: the main job on this machine. Makes what the examples' first MediaJob asks for, with the
 * same core and the same worker program as in a cluster, and a page to look at the results.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../operator/cli/run.ts";
import { ensurePrograms } from "./ensure-programs.ts";
import { resultPage } from "./result-page.ts";

process.chdir(join(import.meta.dirname, ".."));
const manifest = "examples/mediajobs/first.yaml";
const results = ".demo";
const volume = ["media=examples/media", `results=${results}`];

try {
  ensurePrograms("ffmpeg", "ffprobe");
} catch (error) {
  console.error((error as Error).message); // it says what to do; a stack would bury it
  process.exit(1);
}
rmSync(results, { recursive: true, force: true });
mkdirSync(results);

process.stdout.write(`mediajob run ${manifest} ${volume.map((pair) => `--volume ${pair}`).join(" ")}\n\n`);
process.exitCode = await run(manifest, { volume, output: "table" }, ({ job }) =>
  writeFileSync(join(results, "index.html"), resultPage(job)),
);
process.stdout.write(`\nLook at the results: ${join(process.cwd(), results, "index.html")}\n`);
