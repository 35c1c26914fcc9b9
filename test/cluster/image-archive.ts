import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { command } from "./command.ts";

/**
 * Writes an image of one program and nothing else, as `docker save` would, without a Docker engine.
 *
 * Format: the Docker image archive, https://github.com/moby/docker-image-spec, "Combined Image JSON + Filesystem
 * Changeset Format".
 */
export async function writeProgramImage(
  path: string,
  { image, program }: { image: string; program: string },
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "image-"));
  try {
    const root = join(directory, "root");
    mkdirSync(root);
    copyFileSync(program, join(root, basename(program)));
    await command("tar", ["-C", root, "-cf", join(directory, "layer.tar"), "--owner=0", "--group=0", "."]);
    const config = JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: { Entrypoint: [`/${basename(program)}`] },
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(readFileSync(join(directory, "layer.tar")))}`] },
    });
    const configName = `${sha256(config)}.json`;
    const manifest = JSON.stringify([{ Config: configName, RepoTags: [image], Layers: ["layer.tar"] }]);
    writeFileSync(join(directory, configName), config);
    writeFileSync(join(directory, "manifest.json"), manifest);
    await command("tar", ["-C", directory, "-cf", path, "manifest.json", configName, "layer.tar"]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
