import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { layOutImages } from "./image-layout.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "image-layout-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const digestOf = (content: string | Buffer) => `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** What `docker save` writes of two images, which share their base and whose top layers are alike. */
function save(): string {
  const saved = join(directory, "saved");
  for (const layer of ["base", "top", "twin"]) mkdirSync(join(saved, layer), { recursive: true });
  writeFileSync(join(saved, "base/layer.tar"), "the base");
  writeFileSync(join(saved, "top/layer.tar"), "the top");
  symlinkSync("../top/layer.tar", join(saved, "twin/layer.tar"));
  const rootfs = { type: "layers", diff_ids: ["the base", "the top"].map(digestOf) };
  for (const name of ["one", "two"])
    writeFileSync(join(saved, `${name}.json`), JSON.stringify({ name, rootfs }));
  const image = (name: string, ...layers: string[]) => ({
    Config: `${name}.json`,
    RepoTags: [`${name}:dev`],
    Layers: layers.map((layer) => `${layer}/layer.tar`),
  });
  writeFileSync(
    join(saved, "manifest.json"),
    JSON.stringify([image("one", "base", "top"), image("two", "base", "twin")]),
  );
  return saved;
}

test("all that images name is there by its digest but for the layers that are had, each once", () => {
  const layout = join(directory, "layout");
  layOutImages(save(), layout, new Set([digestOf("the base")]));
  const blobs = readdirSync(join(layout, "blobs/sha256"));
  for (const name of blobs)
    expect(digestOf(readFileSync(join(layout, "blobs/sha256", name)))).toBe(`sha256:${name}`);
  const blob = (digest: string) => join(layout, "blobs", digest.replace(":", "/"));
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));

  const { manifests } = read(join(layout, "index.json"));
  expect(
    manifests.map(({ annotations }: { annotations: object }) => Object.values(annotations).join()),
  ).toEqual(["docker.io/library/one:dev", "docker.io/library/two:dev"]);
  for (const { digest, size } of manifests) {
    const text = readFileSync(blob(digest), "utf8");
    expect(text).toHaveLength(size);
    const { config, layers } = JSON.parse(text);
    expect(read(blob(config.digest)).rootfs.diff_ids).toHaveLength(2);
    expect(layers).toMatchObject([
      { digest: digestOf("the base"), size: 8 },
      { digest: digestOf("the top"), size: 7 },
    ]);
    expect(layers.map((layer: { digest: string }) => existsSync(blob(layer.digest)))).toEqual([false, true]);
  }
  expect(blobs).toHaveLength(5); // a layer, and each image's manifest and configuration
});
