/**
 * `npm test`: everything, from the types to a MediaJob on a real cluster. Installs what the machine lacks, runs
 * the suites one after another, and ends with one line that counts them all.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ensurePrograms } from "../examples/ensure-programs.ts";
import { type Cluster, ensureCluster } from "./cluster/cluster.ts";

process.chdir(join(import.meta.dirname, ".."));

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

const total: Count = { passed: 0, failed: 0, skipped: 0 };
const reports = mkdtempSync(join(tmpdir(), "mediajob-test-"));

async function step(name: string, work: () => Count | Promise<Count>): Promise<void> {
  const startedAt = Date.now();
  console.log(`\n=== ${name}`);
  let count: Count;
  try {
    count = await work();
  } catch (error) {
    console.error(error);
    count = { passed: 0, failed: 1, skipped: 0 };
  }
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
  console.log(`=== ${name}: ${describe(count)} in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

/** A command counts as one test. */
async function command(program: string, ...args: string[]): Promise<Count> {
  const status = await run(program, args);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

/** Projects of vitest.config.ts; with `label` each line says whose it is. */
async function vitest(projects: readonly string[], label?: string): Promise<Count> {
  const report = join(reports, `${projects[0]}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const status = await run(
    "vitest",
    ["run", ...projects.flatMap((name) => ["--project", name]), ...reporters],
    label,
  );
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  // A suite that breaks outside its tests, in a hook or an import, fails without a failed test.
  const failed = Math.max(numFailedTests, status === 0 ? 0 : 1);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
}

/** The exit status of a program. */
function run(program: string, args: readonly string[], label?: string): Promise<number | null> {
  const child = spawn(program, args, {
    stdio: ["ignore", label ? "pipe" : "inherit", label ? "pipe" : "inherit"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on("line", (line) => console.log(`${label} | ${line}`));
  }
  return new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
}

const describe = ({ passed, failed, skipped }: Count) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

ensurePrograms("ffmpeg", "ffprobe", "exiftool", "heif-convert", "heif-enc");
await step("check", () => command("npm", "run", "--silent", "check"));
await step("unit", () => vitest(["unit"]));
let cluster: Cluster | undefined;
await step("cluster", async () => {
  // Before all that needs it, since making its programs takes minutes the first time and no test should wait for that.
  cluster = await ensureCluster();
  return { passed: 1, failed: 0, skipped: 0 };
});
// At once, since the one works while the other mostly waits.
await Promise.all([
  step("integration", () => vitest(["integration"], "integration")),
  ...(cluster ? [step("e2e", () => vitest(["e2e", "e2e-exclusive"], "e2e"))] : []),
]);
await cluster?.stop();

rmSync(reports, { recursive: true });
console.log(`\n${describe(total)}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
