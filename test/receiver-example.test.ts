import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { exampleIn, expectToReceive } from "./receiver-example.ts";

/** Those in other languages fetch their libraries first: test/long/receiver-examples.test.ts. */
test("the receiver of the documentation in TypeScript takes each event once, and none that is forged or old", async () => {
  const directory = await mkdtemp(join(tmpdir(), "mediajob-receiver-"));
  try {
    await symlink(join(import.meta.dirname, "../node_modules"), join(directory, "node_modules"));
    await writeFile(join(directory, "package.json"), '{"type":"module"}');
    await writeFile(join(directory, "receiver.ts"), exampleIn("ts"));
    await expectToReceive([process.execPath, "receiver.ts"], directory);
  } finally {
    await rm(directory, { recursive: true });
  }
});
