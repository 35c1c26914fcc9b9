import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkspace, type Workspace } from "./workspace.ts";

let workspace: Workspace;
const local = mkdtempSync(join(tmpdir(), "mediajob-same-"));

beforeAll(async () => {
  workspace = await createWorkspace("same-everywhere");
  workspace.put("dogs.jpg");
});

afterAll(async () => {
  rmSync(local, { recursive: true });
  await workspace?.remove();
});

test("`mediajob run` and the cluster make the same bytes from the same manifest", async () => {
  const formats = ["jpeg", "png", "webp", "avif"];
  const manifest = {
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name: "same" },
    spec: {
      sources: [{ name: "dogs", volume: { claimName: "media", path: "in/dogs.jpg" } }],
      outputs: formats.map((format) => ({ name: format, image: { format, width: 500 } })),
      destination: { volume: { claimName: "media", path: "out" }, template: "{output}" },
    },
  };
  mkdirSync(join(local, "media/in"), { recursive: true });
  writeFileSync(join(local, "media/in/dogs.jpg"), readFileSync(join(workspace.files, "in/dogs.jpg")));
  writeFileSync(join(local, "same.json"), JSON.stringify(manifest));
  const cli = join(import.meta.dirname, "../../operator/cli/main.ts");
  execFileSync(process.execPath, [cli, "run", join(local, "same.json")], { stdio: "ignore" });

  await workspace.apply(manifest);
  await workspace.wait("same", "condition=Complete");

  const hashes = (root: string) =>
    formats.map((format) =>
      createHash("sha256")
        .update(readFileSync(join(root, "out", format)))
        .digest("hex"),
    );
  expect(hashes(workspace.files)).toEqual(hashes(join(local, "media")));
});
