import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { tail } from "./command.ts";

export type CommandLine = readonly [file: string, ...args: string[]];

/**
 * Runs `source | tee >(sink) >(sink)`: every sink reads all that the source writes, at the pace of the slowest.
 * Throws when any of them fails, with what that one said.
 */
export async function fanOut(source: CommandLine, sinks: readonly CommandLine[]): Promise<void> {
  const writer = start(source, "ignore");
  const readers = sinks.map((sink) => start(sink, "pipe"));
  const copying = copy(
    writer.child.stdout,
    readers.map(({ child }) => child.stdin),
  );
  const failures = (await Promise.all([writer, ...readers].map(({ ended }) => ended))).filter(
    (said) => said !== null,
  );
  await copying;
  if (failures.length > 0) throw new Error(failures.join("\n"));
}

async function copy(source: Readable | null, sinks: readonly (Writable | null)[]): Promise<void> {
  for await (const chunk of source ?? []) await Promise.all(sinks.map((sink) => written(sink, chunk)));
  for (const sink of sinks) sink?.end();
}

/** A sink that has ended early takes nothing more and stops nobody; its exit code says what became of it. */
function written(sink: Writable | null, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (!sink || sink.destroyed) resolve();
    else sink.write(chunk, () => resolve());
  });
}

function start([file, ...args]: CommandLine, stdin: "ignore" | "pipe") {
  const child = spawn(file, args, { stdio: [stdin, "pipe", "pipe"] });
  child.stdin?.on("error", () => {}); // else a sink that ends early would end this process
  if (stdin === "pipe") child.stdout?.resume(); // what a sink says of its progress is of no use here
  const said: Buffer[] = [];
  child.stderr?.on("data", (chunk: Buffer) => said.push(chunk));
  const ended = once(child, "close").then(
    ([code]) =>
      code === 0
        ? null
        : `\`${file} ${args.join(" ")}\` ended with ${code}:\n${tail(String(Buffer.concat(said)), 20)}`,
    (error: Error) => `\`${file}\` cannot be started: ${error.message}`,
  );
  return { child, ended };
}
