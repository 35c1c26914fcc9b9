import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { removeContainers } from "./containerd.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mediajob-ctr-"));
  vi.stubEnv("PATH", `${directory}:${process.env.PATH}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

/** containerd's command, for which tasks and containers are lines of files, and a task is gone before it is asked for. */
const CTR = `#!/bin/sh
cd "$(dirname "$0")"
case "$5 $6" in
  *list) cat "$5" ;;
  *) : > "$5"
     [ "$5" = containers ] || { echo "ctr: task b: not found" >&2; exit 1; } ;;
esac
`;

test("what somebody else removes meanwhile is gone as well as the rest, and the node's images stay", async () => {
  writeFileSync(join(directory, "ctr"), CTR, { mode: 0o755 });
  writeFileSync(join(directory, "tasks"), "a\nb\n");
  writeFileSync(join(directory, "containers"), "a\nb\n");
  const place = { name: "containerd-node-0", registry: directory, root: directory, state: directory };
  await removeContainers(place);
  expect(readFileSync(join(directory, "containers"), "utf8")).toBe("");
});
