import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { aptProxySettings, debianSources, extraAuthorities, npmSettings } from "./build-host.ts";
import { command } from "./command.ts";
import { dataDirectory, stateDirectory } from "./directories.ts";
import type { Docker } from "./docker.ts";
import { withLock } from "./lock.ts";

/** What both Dockerfiles start from. */
export const baseImage = "node:24-bookworm-slim";

const release = "bookworm";
const label = "mediajob.base-image";

/**
 * Makes the base image known to the engine: the real one from its registry, or else one like it, made of Debian
 * packages and of the npm packages `node` and `npm`. So the Dockerfiles are built exactly as a user builds them.
 */
export async function ensureBaseImage(docker: Docker): Promise<void> {
  // Two at once would write the same root file system, and leave an image that lacks parts of it.
  await withLock(
    stateDirectory("base-image.lock"),
    async () => {
      const known = await labelOf(docker);
      const wanted = fingerprint();
      if (known === wanted || known === "") return; // no label: it is the real one
      if (known === null && (await pulls(docker))) return;
      console.error(
        `${baseImage} cannot be pulled: making one like it from Debian and npm packages, about a minute …`,
      );
      await make(docker, wanted);
    },
    (pid) => console.error(`Waiting for process ${pid}, which makes ${baseImage} …`),
  );
}

/** What the known image was made from, empty for the registry's own; null when none is known. */
async function labelOf(docker: Docker): Promise<string | null> {
  const format = `{{index .Config.Labels "${label}"}}`;
  return await docker(["image", "inspect", "--format", format, baseImage]).catch(() => null);
}

async function make(docker: Docker, fingerprint: string): Promise<void> {
  const root = dataDirectory("base-image");
  rmSync(root, { recursive: true, force: true });
  try {
    await makeRootFileSystem(root);
    await importImage(docker, root, fingerprint);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Asks the registry with a short bound first: without a network `docker pull` takes minutes to say so. */
async function pulls(docker: Docker): Promise<boolean> {
  try {
    await fetch("https://registry-1.docker.io/v2/", { signal: AbortSignal.timeout(3000) });
    await docker(["pull", "--quiet", baseImage], { timeoutMs: 180_000 });
    return true;
  } catch {
    return false;
  }
}

async function makeRootFileSystem(root: string): Promise<void> {
  const sources = await debianSources(release);
  await command("debootstrap", [
    ...["--variant=minbase", "--include=ca-certificates,libatomic1,libstdc++6"],
    ...[release, root, sources.mirror],
  ]);
  slim(root);
  write(root, "etc/apt/sources.list", sources.list);
  write(root, "etc/apt/apt.conf.d/90-build-host", await aptProxySettings());
  write(root, "usr/local/etc/npmrc", await npmSettings());
  await trustExtraAuthorities(root);
  installNode(root);
  await command("chroot", [root, "groupadd", "--gid", "1000", "node"]);
  await command("chroot", [
    root,
    "useradd",
    "--uid",
    "1000",
    "--gid",
    "node",
    "--shell",
    "/bin/bash",
    "--create-home",
    "node",
  ]);
}

/** What Debian's own slim images leave out, and what apt fetches again. */
function slim(root: string): void {
  const left = [
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/lintian/*",
  ];
  const rules = [...left.map((path) => `path-exclude ${path}`), "path-include /usr/share/doc/*/copyright"];
  write(root, "etc/dpkg/dpkg.cfg.d/docker", `${rules.join("\n")}\n`);
  write(
    root,
    "etc/apt/apt.conf.d/docker-clean",
    'Apt::AutoRemove::SuggestsImportant "false";\nAcquire::Languages "none";\n' +
      'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n' +
      'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n',
  );
  // Debian's slim images carry this too: no service starts while an image is built.
  write(root, "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
  chmodSync(join(root, "usr/sbin/policy-rc.d"), 0o755);
  for (const path of [
    "var/lib/apt/lists",
    "var/cache/apt/archives",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
  ]) {
    rmSync(join(root, path), { recursive: true, force: true });
    mkdirSync(join(root, path, path.startsWith("usr") ? "" : "partial"), { recursive: true });
  }
}

/** As update-ca-certificates wants them: one certificate per file. They survive an upgrade of ca-certificates. */
async function trustExtraAuthorities(root: string): Promise<void> {
  const bundle = readFileSync(join(root, "etc/ssl/certs/ca-certificates.crt"), "utf8");
  for (const [index, certificate] of extraAuthorities(bundle).entries()) {
    write(root, `usr/local/share/ca-certificates/build-host-${index}.crt`, certificate);
  }
  await command("chroot", [root, "update-ca-certificates"]);
}

function installNode(root: string): void {
  const local = join(root, "usr/local");
  cpSync(nodeBinary(), join(local, "bin/node"));
  chmodSync(join(local, "bin/node"), 0o755);
  symlinkSync("node", join(local, "bin/nodejs"));
  cpSync(packageDirectory("npm"), join(local, "lib/node_modules/npm"), {
    recursive: true,
    dereference: true,
  });
  for (const name of ["npm", "npx"]) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, "bin", name));
  }
  // The real image's entrypoint: an option or an unknown word is for node, the rest is a command.
  write(
    root,
    "usr/local/bin/docker-entrypoint.sh",
    '#!/bin/sh\nset -e\ncase "$1" in\n  -*) set -- node "$@" ;;\n  *) command -v "$1" >/dev/null || set -- node "$@" ;;\nesac\nexec "$@"\n',
  );
  chmodSync(join(local, "bin/docker-entrypoint.sh"), 0o755);
}

async function importImage(docker: Docker, root: string, fingerprint: string): Promise<void> {
  const archive = `${root}.tar`;
  try {
    await command("tar", ["-C", root, "--numeric-owner", "-cf", archive, "."]);
    const changes = [
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      `ENV NODE_VERSION=${nodeVersion()}`,
      // Node brings its own list of authorities; the machine's may hold one more.
      ...(process.env.NODE_EXTRA_CA_CERTS
        ? ["ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"]
        : []),
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      'CMD ["node"]',
      `LABEL ${label}=${fingerprint}`,
    ];
    await docker(["import", ...changes.flatMap((change) => ["--change", change]), archive, baseImage]);
  } finally {
    rmSync(archive, { force: true });
  }
}

/** Changes when an image made today would differ from one made before. */
function fingerprint(): string {
  return createHash("sha256")
    .update(readFileSync(import.meta.filename))
    .update(`${nodeVersion()} ${packageVersion("npm")} ${release}`)
    .digest("hex")
    .slice(0, 16);
}

function nodeVersion(): string {
  return packageVersion("node");
}

/** The npm package `node` of the checkout: the version that the tests run on is the one in the images. */
function nodeBinary(): string {
  return join(packageDirectory("node"), "bin", "node");
}

function packageVersion(name: string): string {
  return JSON.parse(readFileSync(join(packageDirectory(name), "package.json"), "utf8")).version;
}

function packageDirectory(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}

function write(root: string, path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
