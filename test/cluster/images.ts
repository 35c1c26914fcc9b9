import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { baseImage, ensureBaseImage } from "./base-image.ts";
import { command } from "./command.ts";
import { type ContainerdPlace, ctr, ctrCommand } from "./containerd.ts";
import { dataDirectory, stateDirectory } from "./directories.ts";
import { type Docker, dockerCommand, startDocker } from "./docker.ts";
import { fanOut } from "./fan-out.ts";
import { layOutImages } from "./image-layout.ts";
import { assertLean, megabytes } from "./image-size.ts";
import { type NodeLayout, nodes } from "./layout.ts";
import { withLock } from "./lock.ts";
import { nativeClusterDirectory } from "./native-cluster.ts";
import { containerdPlace } from "./node.ts";
import type { InstallOptions } from "./packages.ts";

export interface BuildOptions extends InstallOptions {
  /** Default: "dev". */
  readonly tag?: string;
  /** The folder with the Dockerfiles. Default: this repository. */
  readonly context?: string;
  /** Default: worker and operator. */
  readonly components?: readonly string[];
}

export interface BuiltImage {
  /** For a pod's `image`, for example mediajob-worker:dev. */
  readonly name: string;
  /** The digest of its configuration, the same in every store. */
  readonly id: string;
  readonly sizeBytes: number;
}

/** Builds Dockerfile.worker and Dockerfile.operator, as a user does, with the private engine. */
export async function buildImages(options: BuildOptions = {}): Promise<BuiltImage[]> {
  const {
    tag = "dev",
    context = join(import.meta.dirname, "../.."),
    components = ["worker", "operator"],
  } = options;
  const docker = await startDocker(options);
  await ensureBaseImage(docker);
  const build = async (component: string): Promise<BuiltImage> => {
    const name = `mediajob-${component}:${tag}`;
    const startedAt = Date.now();
    await docker([
      ...["build", "--progress", "plain", "--network", "host", "--tag", name],
      ...["--file", join(context, `Dockerfile.${component}`), ...proxyArguments(), context],
    ]);
    const [image, base] = await Promise.all([inspect(docker, name), inspect(docker, baseImage)]);
    const addedBytes = image.sizeBytes - base.sizeBytes;
    const size = `${megabytes(image.sizeBytes)}, ${megabytes(addedBytes)} of them on top of its base`;
    console.error(`Built ${name}: ${size}, in ${secondsSince(startedAt)} s`);
    assertLean(component, addedBytes);
    return image;
  };
  return await Promise.all(components.map(build));
}

/**
 * Loads images of the private engine into every node of the native cluster, where `imagePullPolicy: IfNotPresent`
 * finds them. A node that has the same image already is left as it is.
 */
export async function loadImages(names: readonly string[], options: InstallOptions = {}): Promise<void> {
  const docker = await startDocker(options);
  if (names.includes(baseImage)) await ensureBaseImage(docker);
  const images = await Promise.all(names.map((name) => inspect(docker, name)));
  const wanted = await Promise.all(
    nodes.map(async (node) => {
      const place = containerdPlace(nativeClusterDirectory(), node);
      const has = await Promise.all(images.map((image) => hasImage(place, image)));
      return { node, place, missing: images.filter((_, index) => !has[index]) };
    }),
  );
  const missing = [...new Set(wanted.flatMap((one) => one.missing))];
  if (missing.length === 0) return;
  const startedAt = Date.now();
  const lacking = wanted.filter((one) => one.missing.length > 0);
  const places = lacking.map(({ place }) => place);
  // While the new image is unpacked, containerd may collect a layer that it shares with the one it replaces.
  await withLock(stateDirectory("images.lock"), async () => {
    const known = await layersOfAll(places);
    await importLayers(missing, places, known).catch(async (error) => {
      console.error(`Loading all layers anew, since not all that were known are there: ${error.message}`);
      await importLayers(missing, places, new Set());
    });
  });
  const loaded = missing.map((image) => `${image.name} (${megabytes(image.sizeBytes)})`).join(", ");
  const where = lacking.map(({ node }) => node.name).join(", ");
  console.error(`Loaded ${loaded} into ${where} in ${secondsSince(startedAt)} s`);
}

/**
 * Imports images without the layers that every place has, which are most: of 800 MB some 10 change with the programs.
 * One archive for all: the layers that images share are in it once.
 */
async function importLayers(
  images: readonly BuiltImage[],
  places: readonly ContainerdPlace[],
  known: ReadonlySet<string>,
): Promise<void> {
  const directory = dataDirectory("images");
  const [saved, layout] = [join(directory, "saved"), join(directory, "layout")];
  rmSync(directory, { recursive: true, force: true }); // a crash may have left it
  try {
    mkdirSync(saved, { recursive: true });
    // By a pipe of the shell: through this process 800 MB take 3 s more of CPU.
    const save = dockerCommand("save", ...images.map(({ name }) => name));
    const unpack = 'directory=$1; shift; "$@" | tar -x -C "$directory"';
    await command("bash", ["-o", "pipefail", "-c", unpack, "unpack", saved, ...save]);
    layOutImages(saved, layout, known);
    await fanOut(
      ["tar", "-c", "-C", layout, "."],
      places.map((place) => ctrCommand(place, "images", "import", "-")),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** By digest, what the content store of each place holds. */
async function layersOfAll(places: readonly ContainerdPlace[]): Promise<ReadonlySet<string>> {
  const lists = await Promise.all(places.map((place) => ctr(place, "content", "list", "--quiet")));
  return lists
    .map((list) => new Set(list.split("\n")))
    .reduce((common, digests) => common.intersection(digests));
}

/** Takes an image from a node's store, so that its kubelet cannot find it. What is returned puts it back. */
export async function hideImage(node: NodeLayout, name: string): Promise<() => Promise<void>> {
  const place = containerdPlace(nativeClusterDirectory(), node);
  const reference = `docker.io/library/${name}`;
  const aside = `${reference}-aside`;
  await ctr(place, "images", "tag", "--force", reference, aside); // its layers stay as long as a name holds them
  await ctr(place, "images", "remove", "--sync", reference);
  return async () => {
    await ctr(place, "images", "tag", "--force", aside, reference);
    await ctr(place, "images", "remove", aside);
  };
}

async function inspect(docker: Docker, name: string): Promise<BuiltImage> {
  const [id = "", size] = (await docker(["image", "inspect", "--format", "{{.Id}} {{.Size}}", name])).split(
    " ",
  );
  return { name, id, sizeBytes: Number(size) };
}

/** An image's manifest differs from store to store; the configuration that it names does not. */
async function hasImage(place: ContainerdPlace, image: BuiltImage): Promise<boolean> {
  const reference = `docker.io/library/${image.name}`;
  const [, row] = (await ctr(place, "images", "list", `name==${reference}`)).split("\n");
  const manifestDigest = row?.split(/\s+/)[2];
  if (!manifestDigest) return false;
  const manifest = JSON.parse(await ctr(place, "content", "get", manifestDigest)) as {
    config?: { digest?: string };
  };
  return manifest.config?.digest === image.id;
}

/** Docker knows these by name and leaves them out of the image. */
function proxyArguments(): string[] {
  return ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
    .filter((name) => process.env[name])
    .flatMap((name) => ["--build-arg", name]);
}

function secondsSince(startedAt: number): string {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}
