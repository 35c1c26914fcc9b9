import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { command } from "./command.ts";
import { cacheDirectory } from "./directories.ts";
import { findGo } from "./go-toolchain.ts";
import { withLock } from "./lock.ts";

/**
 * The programs a cluster is made of, built from Go modules: their go.mod and go.sum, committed under go/, pin
 * every line of their source, and a Go proxy is often reachable where image registries are not.
 */
interface Module {
  /** The module whose version is this one's version; null when the source lies here. */
  readonly versionOf: string | null;
  readonly linkerFlags?: (version: string) => string[];
}

const modules = {
  kubernetes: {
    versionOf: "k8s.io/kubernetes",
    /** Without these the server says v0.0.0, and Helm charts that ask for a version refuse it. */
    linkerFlags: (version: string) => {
      const [major, minor] = version.replace(/^v/, "").split(".");
      const variable = "k8s.io/component-base/version";
      return [
        ...["-X", `${variable}.gitVersion=${version}`, "-X", `${variable}.gitTreeState=clean`],
        ...["-X", `${variable}.gitMajor=${major}`, "-X", `${variable}.gitMinor=${minor}`],
      ];
    },
  },
  coredns: { versionOf: "github.com/coredns/coredns" },
  helm: {
    versionOf: "helm.sh/helm/v3",
    /** Without the last two, charts are rendered offline for Kubernetes 1.20. */
    linkerFlags: (version: string) => {
      const [, major, minor] = /^v(\d+)\.(\d+)/.exec(kubernetesVersion()) ?? [];
      const variable = "helm.sh/helm/v3/pkg/chartutil.k8sVersion";
      return [
        ...["-X", `helm.sh/helm/v3/internal/version.version=${version}`],
        ...["-X", `${variable}Major=${major}`, "-X", `${variable}Minor=${minor}`],
      ];
    },
  },
  kueue: { versionOf: "sigs.k8s.io/kueue" },
  kwok: { versionOf: "sigs.k8s.io/kwok" },
  versitygw: { versionOf: "github.com/versity/versitygw" },
  "argo-workflows": { versionOf: "github.com/argoproj/argo-workflows/v3" },
  pause: { versionOf: null },
} satisfies Record<string, Module>;

type ModuleName = keyof typeof modules;

const catalogue = {
  etcd: { module: "kubernetes", package: "go.etcd.io/etcd/server/v3" },
  "kube-apiserver": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-apiserver" },
  "kube-controller-manager": {
    module: "kubernetes",
    package: "k8s.io/kubernetes/cmd/kube-controller-manager",
  },
  "kube-scheduler": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-scheduler" },
  "kube-proxy": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-proxy" },
  kubelet: { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kubelet" },
  kubectl: { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kubectl" },
  coredns: { module: "coredns", package: "mediajob.dev/test/cluster/coredns" },
  helm: { module: "helm", package: "helm.sh/helm/v3/cmd/helm" },
  kueue: { module: "kueue", package: "sigs.k8s.io/kueue/cmd/kueue" },
  kwok: { module: "kwok", package: "sigs.k8s.io/kwok/cmd/kwok" },
  versitygw: { module: "versitygw", package: "github.com/versity/versitygw/cmd/versitygw" },
  "workflow-controller": {
    module: "argo-workflows",
    package: "github.com/argoproj/argo-workflows/v3/cmd/workflow-controller",
  },
  pause: { module: "pause", package: "mediajob.dev/test/cluster/pause" },
} satisfies Record<string, { module: ModuleName; package: string }>;

export type Binary = keyof typeof catalogue;

export const binaryNames = Object.keys(catalogue) as Binary[];

/**
 * Paths of the asked binaries, built first where the cache lacks them. All Kubernetes ones take about 5 minutes on
 * two cores the first time; a second call only looks.
 */
export async function binaries<B extends Binary>(...names: B[]): Promise<Record<B, string>> {
  for (const module of new Set<ModuleName>(names.map((name) => catalogue[name].module))) {
    await build(
      module,
      names.filter((name) => catalogue[name].module === module),
    );
  }
  return Object.fromEntries(names.map((name) => [name, binaryPath(name)])) as Record<B, string>;
}

/** Where the binary is, or will be once built. */
export function binaryPath(name: Binary): string {
  const { module } = catalogue[name];
  return cacheDirectory("bin", `${module}-${moduleVersion(module) ?? "local"}-${fingerprint(module)}`, name);
}

/** The version that the committed go.mod pins, for example v1.34.4. */
export function kubernetesVersion(): string {
  return moduleVersion("kubernetes") ?? "";
}

/** Where the source of the module lies whose version is a module's: it may hold more than programs, manifests for one. */
export async function sourceOf(module: ModuleName): Promise<string> {
  const { versionOf }: Module = modules[module];
  const go = await findGo([module]);
  await command(go, ["mod", "download", versionOf ?? ""], {
    cwd: sourceDirectory(module),
    env: GO_ENVIRONMENT,
  });
  return await command(go, ["list", "-m", "-f", "{{.Dir}}", versionOf ?? ""], {
    cwd: sourceDirectory(module),
    env: GO_ENVIRONMENT,
  });
}

/** One `go build` for all missing binaries of a module: they share most packages, and Go compiles each once. */
async function build(module: ModuleName, names: readonly Binary[]): Promise<void> {
  const missing = () => names.filter((name) => !existsSync(binaryPath(name)));
  const [first] = missing();
  if (first === undefined) return;
  const directory = join(binaryPath(first), "..");
  const waits = (pid: number) => console.error(`Waiting for process ${pid}, which builds ${module} …`);
  await withLock(
    `${directory}.lock`,
    async () => {
      const wanted = missing(); // the process waited for may have built them
      if (wanted.length === 0) return;
      const go = await findGo(wanted);
      console.error(`Building ${wanted.join(", ")} (${moduleVersion(module) ?? "local"}) with ${go} …`);
      const startedAt = Date.now();
      mkdirSync(directory, { recursive: true });
      for (const left of readdirSync(directory).filter((name) => name.startsWith(".build-"))) {
        rmSync(join(directory, left), { recursive: true, force: true }); // of an aborted build: we hold the lock
      }
      const draft = mkdtempSync(join(directory, ".build-")); // same file system: the renames below are atomic
      try {
        for (const group of buildGroups(wanted)) {
          await compile(go, module, group, draft);
          for (const name of group) renameSync(join(draft, outputName(name)), binaryPath(name));
        }
      } finally {
        rmSync(draft, { recursive: true, force: true });
      }
      console.error(`Built in ${Math.round((Date.now() - startedAt) / 1000)} s: ${directory}`);
    },
    waits,
  );
}

async function compile(
  go: string,
  module: ModuleName,
  names: readonly Binary[],
  into: string,
): Promise<void> {
  const flags = [
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false", // a checkout of another owner, as in many a CI, would fail the build
    ...["-ldflags", linkerFlags(module)],
    ...["-o", `${into}/`],
  ];
  await command(go, ["build", ...flags, ...names.map((name) => catalogue[name].package)], {
    cwd: sourceDirectory(module),
    env: GO_ENVIRONMENT,
  });
}

const GO_ENVIRONMENT = {
  CGO_ENABLED: "0",
  GOROOT: "", // one that is set for another Go would mix two compilers
  GOTOOLCHAIN: process.env.GOTOOLCHAIN || "auto", // a Go too old for a module may fetch a newer one
  GOWORK: "off",
};

/** The API server's part comes first and alone: an aborted build of all then still leaves what most tests need. */
function buildGroups(names: readonly Binary[]): Binary[][] {
  const isFirst = (name: Binary) => name === "etcd" || name === "kube-apiserver" || name === "kubectl";
  return [names.filter(isFirst), names.filter((name) => !isFirst(name))].filter((group) => group.length > 0);
}

/** `go build` names a program by the last element of its package path that is not a major version. */
function outputName(name: Binary): string {
  const elements = catalogue[name].package.split("/").filter((element) => !/^v\d+$/.test(element));
  return elements.at(-1) ?? name;
}

function linkerFlags(module: ModuleName): string {
  const definition: Module = modules[module];
  return ["-s", "-w", ...(definition.linkerFlags?.(moduleVersion(module) ?? "") ?? [])].join(" ");
}

function sourceDirectory(module: ModuleName): string {
  return join(import.meta.dirname, "go", module);
}

function moduleVersion(module: ModuleName): string | null {
  const { versionOf }: Module = modules[module];
  if (versionOf === null) return null;
  const version = readFileSync(join(sourceDirectory(module), "go.mod"), "utf8")
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/^require /, "")
        .split(" "),
    )
    .find(([path, version]) => path === versionOf && version?.startsWith("v"))?.[1];
  if (!version) throw new Error(`test/cluster/go/${module}/go.mod requires no ${versionOf}`);
  return version;
}

/** Changes when anything that goes into the binary changes, so that a stale one is never used. */
function fingerprint(module: ModuleName): string {
  const hash = createHash("sha256").update(`${process.platform}/${process.arch}\n${linkerFlags(module)}\n`);
  for (const file of ["go.mod", "go.sum", "main.go"]) {
    const path = join(sourceDirectory(module), file);
    if (existsSync(path)) hash.update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 8);
}
