import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { cpuLimit, tookTooLong } from "./time-limit.ts";

const run = promisify(execFile);

/** How a program ends that is run within both limits, as `execFile` tells. */
const endOf = (script: string, { cpuSeconds = 60, timeout = 60_000 }) =>
  run("prlimit", [cpuLimit(cpuSeconds), "sh", "-c", script], { timeout, killSignal: "SIGKILL" }).then(
    () => ({}),
    (error) => error,
  );

test.each([
  {
    name: "one that has used up its processor time",
    script: "while :; do :; done",
    limits: { cpuSeconds: 1 },
    late: true,
  },
  { name: "one that waits for ever", script: "exec sleep 60", limits: { timeout: 50 }, late: true },
  { name: "one that the kernel kills", script: "kill -KILL $$", limits: {}, late: false },
  { name: "one that fails", script: "exit 1", limits: {}, late: false },
  { name: "one that ends well", script: "exit 0", limits: {}, late: false },
])("whether $name took too long: $late", async ({ script, limits, late }) => {
  expect(tookTooLong(await endOf(script, limits))).toBe(late);
});
