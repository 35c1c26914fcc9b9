/**
 * `npm test`: everything, from the types to a MediaJob on a real cluster. Installs what the machine lacks, runs
 * the suites one after another, and ends with one line that counts them all. `npm test -- --yes` installs without asking.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { ensurePrograms } from "../examples/ensure-programs.ts";
import { type Cluster, ensureCluster, prepareCluster } from "./cluster/cluster.ts";

process.chdir(join(import.meta.dirname, ".."));
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache"); // of all that is started here
// Go's programs here - Kubernetes, etcd, the compiler - live for minutes, and time is scarcer than memory.
process.env.GOGC ??= "400";
process.env.GOMEMLIMIT ??= "1GiB";

const { values: options } = parseArgs({ options: { yes: { type: "boolean", default: false } } });

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
async function command(label: string, program: string, ...args: string[]): Promise<Count> {
  const status = await run(label, program, args);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

/** Projects of vitest.config.ts. */
async function vitest(projects: readonly [string, ...string[]]): Promise<Count> {
  const [label] = projects;
  const report = join(reports, `${label}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const selection = projects.flatMap((name) => ["--project", name]);
  const status = await run(label, "vitest", ["run", ...selection, ...reporters]);
  if (!existsSync(report)) throw new Error(`vitest of ${projects.join(", ")} ended early, with ${status}`);
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  // A suite that breaks outside its tests, in a hook or an import, fails without a failed test.
  const failed = Math.max(numFailedTests, status === 0 ? 0 : 1);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
}

/** The exit status of a program, each line of whose output says whose it is. */
function run(label: string, program: string, args: readonly string[]): Promise<number | null> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  for (const input of [child.stdout, child.stderr])
    createInterface({ input }).on("line", (line) => console.log(`${label} | ${line}`));
  return new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
}

const describe = ({ passed, failed, skipped }: Count) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

await step("programs", () => {
  ensurePrograms("ffmpeg", "ffprobe", "exiftool", "heif-convert", "heif-enc", "avifenc");
  return { passed: 1, failed: 0, skipped: 0 };
});
// First, since it asks, and makes programs for minutes the first time. What it lacks is told by the step below.
await prepareCluster(options).catch(() => undefined);
let cluster: Cluster | undefined;
// Two rows at once, since the one works while the other mostly waits.
await Promise.all([
  (async () => {
    await step("check", () => command("check", "npm", "run", "--silent", "check"));
    await step("unit", () => vitest(["unit", "simulation"]));
    await step("integration", () => vitest(["integration"]));
  })(),
  (async () => {
    await step("cluster", async () => {
      cluster = await ensureCluster(options);
      return { passed: 1, failed: 0, skipped: 0 };
    });
    // It ends with them: it takes from the other row even where nothing is asked of it.
    const end = () => cluster?.stop();
    if (cluster) await step("e2e", () => vitest(["e2e", "e2e-apart", "e2e-exclusive"]).finally(end));
  })(),
]);

rmSync(reports, { recursive: true });
console.log(`\n${describe(total)}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
