import { readFileSync, writeFileSync } from "node:fs";
import { FAILURE_CLASSES } from "../crds/failures.ts";
import type { UnitResult } from "../crds/result.ts";
import { type Unit, unit as unitSchema } from "../crds/unit.ts";
import { log } from "./log.ts";
import { conclude } from "./outcome.ts";
import { runUnit } from "./run-unit.ts";
import { summarize } from "./summary.ts";
import { readSurroundings, type Surroundings } from "./surroundings.ts";
import { UsageMeter } from "./usage.ts";
import { failureOf, WorkFailure } from "./work-failure.ts";

/**
 * The program in a worker pod: runs one unit, then exits with its result's code. What it needs comes by the
 * environment and the unit file; what it made is at the destination; how it went is in the result file.
 */
async function main(): Promise<void> {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => stop.abort(new WorkFailure("Terminated", `the worker was stopped by ${name}`)));
  }
  let surroundings: Surroundings;
  try {
    surroundings = readSurroundings(process.env);
  } catch (error) {
    log.fatal({ err: error }, "not started");
    process.exit(FAILURE_CLASSES.config.exitCode);
  }
  const { resultFile, unitFile } = surroundings;
  let unit: Unit;
  try {
    unit = readUnit(unitFile);
  } catch (error) {
    log.fatal({ err: error }, "not started");
    const ledger = { made: [], failures: [], warnings: [], fatal: failureOf(error) };
    const ended = conclude({ name: "", attempt: 1, sources: [] }, ledger, { usage: new UsageMeter().read() });
    leaveResult(resultFile, ended.result);
    process.exit(ended.exitCode);
  }
  prepareThreads(unit);
  log.setBindings({
    namespace: unit.job.namespace,
    mediajob: unit.job.name,
    unit: unit.name,
    attempt: unit.attempt,
  });
  log.info({ sources: unit.sources.length, outputs: unit.outputs.length, limits: unit.limits }, "started");
  const { result, exitCode, idle } = await runUnit(unit, { surroundings, signal: stop.signal });
  leaveResult(resultFile, result);
  log.info({ exitCode, counts: result.counts, usage: result.usage }, "ended");
  exit(exitCode, idle);
}

/** @throws WorkFailure InvalidUnit, with the path of each field that is wrong. */
function readUnit(path: string): Unit {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new WorkFailure("InvalidUnit", `the unit file ${path} cannot be read: ${(error as Error).message}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new WorkFailure("InvalidUnit", `the unit file ${path} is not JSON: ${(error as Error).message}`);
  }
  const parsed = unitSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path: field, message }) => `${field.join(".") || "unit"}: ${message}`,
  );
  throw new WorkFailure(
    "InvalidUnit",
    `the unit file ${path} is not a unit of version v1 (${problems.slice(0, 5).join("; ")}); the operator and the worker image may be of different versions`,
  );
}

/**
 * libuv makes its threads at first use and never more: as many as images may be in flight, and a few for
 * files beside them. Four, its own number, would leave the cores of a large unit idle.
 */
function prepareThreads({ limits }: Unit): void {
  process.env.UV_THREADPOOL_SIZE ??= `${Math.ceil(limits.cpu) * 2 + 4}`;
}

/** In place and not renamed: the kubelet mounts the termination message as a single file. */
function leaveResult(path: string, result: UnitResult): void {
  try {
    writeFileSync(path, summarize(result));
  } catch (error) {
    log.error({ err: error, result }, "result not written");
  }
}

/**
 * Ends the process at once. `process.exit` waits for libuv's threads, and an AVIF encode in one of them
 * cannot be stopped: it was seen to hold the exit for ten minutes. Replacing the process does not wait.
 */
function exit(code: number, idle: boolean): void {
  if (!idle && process.execve) process.execve("/bin/sh", ["sh", "-c", `exit ${code}`], {});
  process.exit(code);
}

await main();
