import { chmodSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { command } from "./command.ts";
import { findProgram, type InstallOptions, installPackages } from "./packages.ts";

/** From this version on Go itself fetches the newer toolchain that a module asks for. */
const selfUpdating = { major: 1, minor: 21 };

/** What an older Go fetches for us. No module under go/ asks for a newer one. */
const toolchain = "go1.26.0";

const usualPlaces = ["/usr/local/go/bin/go", "/usr/lib/go/bin/go"];

/**
 * The Go to build with: the machine's own, or else Debian's. One that is too old, as Debian 12's, is still good for
 * fetching a newer one from the module proxy, checked against Go's checksum database like any module.
 *
 * @param forWhat the programs to be built, for the error that says there is no Go
 */
export async function findGo(forWhat: readonly string[], options: InstallOptions = {}): Promise<string> {
  const own = findProgram("go") ?? usualPlaces.find((path) => existsSync(path));
  if (own) return (await isSelfUpdating(own)) ? own : await fetchToolchain(own);
  const purpose = `builds ${forWhat.join(", ")}`;
  await installPackages([{ program: "go", package: "golang-go", purpose }], options).catch((error: Error) => {
    throw new Error(`${error.message}\nAny Go from https://go.dev/dl on the PATH will do as well.`);
  });
  const installed = findProgram("go") ?? "go";
  return (await isSelfUpdating(installed)) ? installed : await fetchToolchain(installed);
}

async function isSelfUpdating(go: string): Promise<boolean> {
  const [, major, minor] = (await command(go, ["version"])).match(/go(\d+)\.(\d+)/) ?? [];
  return Number(major) === selfUpdating.major && Number(minor) >= selfUpdating.minor;
}

/** Toolchains are published as modules, https://go.dev/ref/mod#toolchains, but a module's files are not executable. */
async function fetchToolchain(oldGo: string): Promise<string> {
  const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  const version = `v0.0.1-${toolchain}.${platform}`;
  const answer = await command(oldGo, ["mod", "download", "-json", `golang.org/toolchain@${version}`], {
    env: { GOFLAGS: "-modcacherw" },
    cwd: "/",
  });
  const { Dir: directory } = JSON.parse(answer) as { Dir: string };
  for (const folder of ["bin", join("pkg", "tool", platform.replace("-", "_"))]) {
    for (const name of readdirSync(join(directory, folder))) {
      const path = join(directory, folder, name);
      if (statSync(path).isFile()) chmodSync(path, 0o755);
    }
  }
  return join(directory, "bin", "go");
}
