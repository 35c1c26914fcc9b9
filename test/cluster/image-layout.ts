import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** One image in the manifest.json of what `docker save` wrote: paths in the archive, layers from the lowest. */
interface SavedImage {
  Config: string;
  RepoTags: string[];
  Layers: string[];
}

const CONFIGURATION = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/**
 * Lays out anew what `docker save` wrote and tar unpacked, without the layers that the reader has: they are named all
 * the same, by their digests. Layers become links, so both folders are on one file system.
 *
 * Format: https://github.com/opencontainers/image-spec/blob/v1.0.2/image-layout.md, which leaves open where blobs come
 * from; containerd's name for an image is an annotation of its own.
 */
export function layOutImages(saved: string, layout: string, has: ReadonlySet<string>): void {
  const blobs = join(layout, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const pathOf = (digest: string) => join(blobs, digest.replace(/^sha256:/, ""));
  const put = (content: string | Buffer) => {
    const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
    writeFileSync(pathOf(digest), content);
    return { digest, size: Buffer.byteLength(content) };
  };
  const layer = (path: string, digest: string) => {
    const file = realpathSync(join(saved, path)); // one that is like another is a symbolic link
    if (!has.has(digest) && !existsSync(pathOf(digest))) linkSync(file, pathOf(digest));
    return { mediaType: LAYER, digest, size: statSync(file).size };
  };
  const images = JSON.parse(readFileSync(join(saved, "manifest.json"), "utf8")) as SavedImage[];
  const manifests = images.flatMap(({ Config, RepoTags, Layers }) => {
    const configuration = readFileSync(join(saved, Config));
    const { diff_ids: digests } = JSON.parse(String(configuration)).rootfs as { diff_ids: string[] };
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIGURATION, ...put(configuration) },
      layers: Layers.map((path, index) => layer(path, digests[index] ?? "")),
    };
    const blob = put(JSON.stringify(manifest));
    return RepoTags.map((name) => ({
      mediaType: MANIFEST,
      ...blob,
      annotations: { "io.containerd.image.name": `docker.io/library/${name}` },
    }));
  });
  writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}
