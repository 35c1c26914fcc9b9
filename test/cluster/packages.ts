import { existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { command } from "./command.ts";

/** A program, and the Debian package that brings it. */
export interface Requirement {
  readonly program: string;
  readonly package: string;
  readonly purpose: string;
}

/** What the native cluster is made of besides its Go programs. */
export const clusterRequirements: readonly Requirement[] = [
  { program: "containerd", package: "containerd", purpose: "runs the nodes' containers" },
  { program: "runc", package: "runc", purpose: "runs one container" },
  { program: "host-local", package: "containernetworking-plugins", purpose: "gives pods their network" },
  { program: "iptables", package: "iptables", purpose: "service addresses" },
  { program: "conntrack", package: "conntrack", purpose: "service addresses" },
  { program: "ip", package: "iproute2", purpose: "the cluster's own network namespace" },
  { program: "nsenter", package: "util-linux", purpose: "the cluster's own network namespace" },
  { program: "sysctl", package: "procps", purpose: "the cluster's own network namespace" },
  { program: "openssl", package: "openssl", purpose: "certificates" },
  { program: "dockerd", package: "docker.io", purpose: "builds the images" },
  {
    program: "debootstrap",
    package: "debootstrap",
    purpose: "the base image, where no registry is reachable",
  },
];

/** Distributions put CNI plugins into different folders, none of them on the PATH. */
const pluginDirectories = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];

/** The folder of the CNI plugins; of Debian's package when there is none yet. */
export function networkPluginDirectory(): string {
  return pluginDirectories.find((directory) => existsSync(join(directory, "host-local"))) ?? "/usr/lib/cni";
}

/** The path of a program, also of one in a folder that only root has on its PATH. */
export function findProgram(name: string): string | null {
  const path = (process.env.PATH ?? "").split(delimiter);
  return (
    [...path, "/usr/local/sbin", "/usr/sbin", "/sbin", ...pluginDirectories]
      .map((directory) => join(directory, name))
      .find((candidate) => existsSync(candidate)) ?? null
  );
}

export interface InstallOptions {
  /** Installs without asking. So do CI=true and a standard input that is no terminal. */
  readonly yes?: boolean;
}

/** Installs what this machine lacks, after saying what that is. Throws what is left to do. */
export async function installPackages(
  requirements: readonly Requirement[],
  options: InstallOptions = {},
): Promise<void> {
  const missing = requirements.filter(({ program }) => findProgram(program) === null);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((requirement) => requirement.package))];
  const list = missing.map((one) => `  ${one.package.padEnd(28)} ${one.program}: ${one.purpose}`).join("\n");
  const byHand = `Install them (\`apt-get install --no-install-recommends ${packages.join(" ")}\`) and try again`;
  if (process.getuid?.() !== 0 || !findProgram("apt-get")) {
    const obstacle = findProgram("apt-get") ? "they are installed as root" : "this is no Debian";
    throw new Error(`The test cluster needs these packages, and ${obstacle}:\n${list}\n${byHand}.`);
  }
  console.error(`The test cluster needs these Debian packages, installed by apt-get:\n${list}`);
  if (!(await isAgreed(options))) throw new Error(`Nothing was installed. ${byHand}, or say --yes.`);
  await withoutStartingServices(async () => {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await command("apt-get", ["update", "-q"], { env });
    await command("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages], { env });
  });
}

async function isAgreed({ yes }: InstallOptions): Promise<boolean> {
  if (yes || process.env.CI === "true" || !process.stdin.isTTY) return true; // without a terminal nobody can be asked
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question("Install them now? [Y/n] ");
  terminal.close();
  return /^(y|yes|)$/i.test(answer.trim());
}

/** Debian starts a service when its package is installed; the cluster starts its own, with its own files. */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  const policy = "/usr/sbin/policy-rc.d"; // Debian Policy 9.3.3: its exit code 101 forbids
  if (existsSync(policy)) return await work();
  writeFileSync(
    policy,
    "#!/bin/sh\n# Made by MediaJob's test cluster while it installs packages; safe to delete.\nexit 101\n",
    {
      mode: 0o755,
    },
  );
  try {
    await work();
  } finally {
    rmSync(policy, { force: true });
  }
}
