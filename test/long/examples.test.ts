import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runExample } from "../example-run.ts";

const names = readdirSync(join(import.meta.dirname, "../../examples/mediajobs"))
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.slice(0, -".yaml".length));

const SECRETS: Record<string, Record<string, Record<string, Buffer>>> = {
  "stream-encrypted": { film: { key: Buffer.alloc(16, 7) } },
};

/** One after another, as whoever tries them would. */
test.each(names)("examples/mediajobs/%s.yaml succeeds on this machine", async (name) => {
  await using run = await runExample(name, SECRETS[name]);
  expect(run.job.status).toMatchObject({ phase: "Succeeded" });
  expect(run.job.status?.warnings ?? []).toEqual([]);
});
