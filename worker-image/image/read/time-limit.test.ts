import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { cpuLimit, tookTooLong } from "./time-limit.ts";

const run = promisify(execFile);

/** How a program ends that is run within both limits, as `execFile` tells. */
const endOf = (script: string, { timeout = 60_000 }) =>
  run("prlimit", [cpuLimit(60), "sh", "-c", script], { timeout, killSignal: "SIGKILL" }).then(
    () => ({}),
    (error) => error,
  );

test("of processor time a program is told before it is killed for it", async () => {
  const { stdout } = await run("prlimit", [cpuLimit(7), "sh", "-c", "ulimit -St; ulimit -Ht"]);
  expect(stdout).toBe("7\n8\n");
});

test.each([
  // The kernel counts no less than a second, which a real program uses up in test/integration/worker/svg-drawing.test.ts.
  { name: "one that is told of its processor time", script: "kill -XCPU $$", limits: {}, late: true },
  { name: "one that waits for ever", script: "exec sleep 60", limits: { timeout: 50 }, late: true },
  { name: "one that the kernel kills", script: "kill -KILL $$", limits: {}, late: false },
  { name: "one that fails", script: "exit 1", limits: {}, late: false },
  { name: "one that ends well", script: "exit 0", limits: {}, late: false },
])("whether $name took too long: $late", async ({ script, limits, late }) => {
  expect(tookTooLong(await endOf(script, limits))).toBe(late);
});
