import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** A program of the benchmark in a process of its own, so that what it costs is not counted as another's. */
export class Child<Asked extends object, Said extends { event: string }> {
  readonly #process: ChildProcess;
  readonly #said: Said[] = [];
  #wake = Promise.withResolvers<void>();

  /** @param file beside this one */
  constructor(file: string) {
    this.#process = fork(join(import.meta.dirname, file));
    const heard = () => {
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    };
    this.#process.on("message", (message) => {
      this.#said.push(message as Said);
      heard();
    });
    this.#process.once("exit", heard);
  }

  ask(message: Asked): void {
    this.#process.send(message);
  }

  /** The next thing it says, which must be this. @throws when it says another, or ends */
  async said<E extends Said["event"]>(event: E): Promise<Extract<Said, { event: E }>> {
    while (!this.#said.length && this.#process.exitCode === null) await this.#wake.promise;
    const said = this.#said.shift();
    if (said?.event !== event)
      throw new Error(`${this.#process.spawnargs.at(-1)} said ${said?.event ?? "nothing"}, not ${event}`);
    return said as Extract<Said, { event: E }>;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill();
    await ended;
  }
}

/** Within such a program: what it says to its parent. Resolves when it is on its way. */
export const sayToParent = <Said extends { event: string }>(said: Said): Promise<unknown> =>
  new Promise((sent) => process.send?.(said, sent));
