#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { EXIT, UsageError } from "./exit-codes.ts";
import { isNewEnough, runUnderNewer } from "./new-enough-node.ts";
import { plan } from "./plan.ts";
import { run } from "./run.ts";
import { validate } from "./validate.ts";

const positive = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError("expected a whole number above 0");
  return number;
};

/** No timer of Node's waits longer than 2^31 ms. */
const LONGEST_TIMEOUT_SECONDS = 2_000_000;

const seconds = (text: string): number => {
  const number = positive(text);
  if (number > LONGEST_TIMEOUT_SECONDS)
    throw new InvalidArgumentError(`expected at most ${LONGEST_TIMEOUT_SECONDS}, which are 23 days`);
  return number;
};

const outputOption = () =>
  new Option("-o, --output <format>", "how to print").choices(["table", "json", "yaml"]).default("table");

const collect = (value: string, all: string[] = []): string[] => [...all, value];

const program = new Command("mediajob")
  .description("Media work on Kubernetes, and on this machine.")
  .version(packageJson.version)
  .exitOverride()
  .showHelpAfterError("(mediajob --help tells more)");

program
  .command("run")
  .description("run the MediaJobs of a file on this machine, with no cluster")
  .argument("<file>", "manifest, or - for standard input")
  .option(
    "--volume <claim=dir>",
    "directory of a claim; repeatable (default: ./CLAIM beside the manifest)",
    collect,
  )
  .option(
    "--secret <name=dir>",
    "directory of a Secret, with a file for each of its keys; repeatable",
    collect,
  )
  .option("--parallelism <n>", "units at once (default: the machine's CPUs)", positive)
  .option("--timeout <seconds>", "stop after this time", seconds)
  .addOption(outputOption())
  .addHelpText(
    "after",
    "\nExit codes: 0 Succeeded, 1 Failed, 2 invalid manifest or usage, 3 PartiallySucceeded, 130 interrupted.",
  )
  .action(async (file, options) => finish(await run(file, options)));

program
  .command("plan")
  .description("show the units, their estimates and pools; runs nothing")
  .argument("<file>", "manifest, or - for standard input")
  .option("--pools <file>", "the operator's configuration, its list of pools, or the chart's values")
  .addOption(outputOption())
  .action(async (file, options) => finish(await plan(file, options)));

program
  .command("validate")
  .description("check manifests as the API server would; every error with its field path")
  .argument("<files...>", "manifests, or - for standard input")
  .action(async (files) => finish(await validate(files)));

program
  .command("watch")
  .description("show how MediaJobs in the cluster come along, until they end")
  .argument("[name]", "a MediaJob")
  .option("-l, --selector <labels>", "MediaJobs by their labels, e.g. app=gallery")
  .option("-n, --namespace <namespace>", "their namespace (default: the kubeconfig's)")
  .addHelpText(
    "after",
    "\nExit codes: 0 Succeeded, 1 Failed or Cancelled, 2 usage, 3 PartiallySucceeded, 130 interrupted.",
  )
  .action(async (name, options) => {
    const { watch } = await import("./watch.ts"); // it alone needs the Kubernetes client
    finish(await watch(name, options));
  });

function finish(code: number): void {
  process.exitCode = code;
}

async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof UsageError) process.stderr.write(`${error.message}\n`);
    else if (!(error instanceof CommanderError)) throw error;
    finish(error instanceof CommanderError && error.exitCode === 0 ? 0 : EXIT.usage);
  }
}

// Whoever reads no more, as `head` does, has seen enough; the work goes on.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });

const { node } = packageJson.engines;
await (isNewEnough(process.versions.node, node) ? main() : runUnderNewer(node).then(finish));
