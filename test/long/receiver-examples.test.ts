import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "vitest";
import { command } from "../cluster/command.ts";
import { findGo } from "../cluster/go-toolchain.ts";
import { exampleIn, expectToReceive } from "../receiver-example.ts";

/** With the libraries that the documentation names, as their registries have them today. */
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mediajob-receiver-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("the receiver of the documentation in Python takes each event once, and none that is forged or old", async () => {
  await writeFile(join(directory, "receiver.py"), exampleIn("python"));
  await command("python3", ["-m", "venv", "venv"], { cwd: directory });
  const python = join(directory, "venv/bin/python");
  await command(python, ["-m", "pip", "install", "--quiet", "standardwebhooks"], { cwd: directory });
  await expectToReceive([python, "receiver.py"], directory);
});

test("the receiver of the documentation in Go does, too", async () => {
  const go = await findGo(["a receiver of webhooks"]);
  await writeFile(join(directory, "receiver.go"), exampleIn("go"));
  await command(go, ["mod", "init", "receiver"], { cwd: directory });
  await command(go, ["get", "github.com/standard-webhooks/standard-webhooks/libraries"], { cwd: directory });
  await command(go, ["build", "-o", "receiver", "."], { cwd: directory });
  await expectToReceive([join(directory, "receiver")], directory);
});
