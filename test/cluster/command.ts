import { spawn } from "node:child_process";

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Shows the output as it comes, for what takes minutes; it is kept all the same. */
  readonly show?: boolean;
  readonly timeoutMs?: number;
}

/**
 * Runs a command to its end and gives its standard output, without the last line break. Throws an error that
 * holds the command, its exit code and the end of what it said.
 */
export async function command(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await attempt(file, args, options);
  if (code === 0) return stdout.trimEnd();
  const said = tail(`${stdout}\n${stderr}`.trim(), 30);
  throw new Error(`\`${[file, ...args].join(" ")}\` ended with ${code}:\n${said}`);
}

/** As `command`, but a failure is an answer: for probes and for removing what may be gone already. */
export async function succeeds(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<boolean> {
  return await attempt(file, args, options).then(
    ({ code }) => code === 0,
    () => false,
  );
}

/** The last lines of a long output: where tools say why they gave up. */
export function tail(text: string, lineCount: number): string {
  return text.trimEnd().split("\n").slice(-lineCount).join("\n");
}

interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function attempt(file: string, args: readonly string[], options: CommandOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout.push(chunk);
      if (options.show) process.stderr.write(chunk);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr.push(chunk);
      if (options.show) process.stderr.write(chunk);
    });
    child.on("error", (error) => reject(new Error(`\`${file}\` cannot be started: ${error.message}`)));
    child.on("close", (code, signal) =>
      resolve({
        code: code ?? signal ?? "an unknown signal",
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
    child.stdin?.on("error", () => {}); // a child may end before it has read everything; its exit code says so
    child.stdin?.end(options.input);
  });
}
