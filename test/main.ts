/**
 * `npm test`: everything, from the types to a MediaJob on a real cluster. Installs what the machine lacks, runs
 * the suites one after another, and ends with one line that counts them all.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePrograms } from "../examples/ensure-programs.ts";
import { ensureCluster } from "./cluster/cluster.ts";

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
function command(program: string, ...args: string[]): Count {
  const { status } = spawnSync(program, args, { stdio: "inherit" });
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

function vitest(project: string): Count {
  const report = join(reports, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = spawnSync("vitest", ["run", "--project", project, ...reporters], { stdio: "inherit" });
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  // A suite that breaks outside its tests, in a hook or an import, fails without a failed test.
  const failed = Math.max(numFailedTests, status === 0 ? 0 : 1);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
}

const describe = ({ passed, failed, skipped }: Count) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

ensurePrograms("ffmpeg", "ffprobe", "exiftool");
await step("check", () => command("npm", "run", "--silent", "check"));
await step("unit", () => vitest("unit"));
await step("integration", () => vitest("integration"));
await step("e2e", async () => {
  // Started here, since making its programs and images takes minutes the first time and no test should wait for that.
  const cluster = await ensureCluster();
  try {
    return vitest("e2e");
  } finally {
    await cluster.stop();
  }
});

rmSync(reports, { recursive: true });
console.log(`\n${describe(total)}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
