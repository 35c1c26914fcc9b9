import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { EXIT } from "./exit-codes.ts";

/** Whether a version such as 20.20.2 is in a range of the form >=22.19, which `engines` in package.json has. */
export function isNewEnough(version: string, range: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [neededMajor = 0, neededMinor = 0] = range.replace(/^>=/, "").split(".").map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

/**
 * Runs this very command line with the Node.js that npm has installed with the repository: the first line of an
 * installed command finds the machine's own, which may be years older. Resolves to the exit code; where npm has
 * installed none, says what is needed.
 */
export async function runUnderNewer(range: string): Promise<number> {
  const newer = nodeOfRepository();
  if (!newer) {
    const { versions, execPath } = process;
    process.stderr.write(`mediajob needs Node.js ${range}, and ${execPath} is ${versions.node}\n`);
    return EXIT.usage;
  }
  const child = spawn(newer, process.argv.slice(1), { stdio: "inherit" });
  // A terminal interrupts all that runs in it; told twice, the other would end without cleaning up.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + (signal ? constants.signals[signal] : 0);
}

function nodeOfRepository(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin/node");
  } catch {
    return undefined;
  }
}
