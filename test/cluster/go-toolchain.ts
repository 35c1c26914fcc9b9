import { existsSync } from "node:fs";
import { command } from "./command.ts";

/** Before 1.21 Go cannot fetch the newer toolchain that a module asks for. */
const oldestGo = { major: 1, minor: 21 };

const places = ["go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"];

/** The Go to build with. Throws what to do when there is none. */
export async function findGo(forWhat: readonly string[]): Promise<string> {
  const found: string[] = [];
  for (const place of places) {
    if (place.startsWith("/") && !existsSync(place)) continue;
    const version = await command(place, ["version"]).catch(() => null);
    const [, major, minor] = version?.match(/go(\d+)\.(\d+)/) ?? [];
    if (Number(major) === oldestGo.major && Number(minor) >= oldestGo.minor) return place;
    if (version) found.push(`${place} is ${version}`);
  }
  throw new Error(
    `Go ${oldestGo.major}.${oldestGo.minor} or later is needed to build ${forWhat.join(", ")} of the test cluster, ` +
      `and ${found.length > 0 ? `only older ones are here (${found.join("; ")})` : "there is none on the PATH or in /usr/local/go"}. ` +
      "Install it from https://go.dev/dl, or set MEDIAJOB_TEST_CLUSTER=existing and KUBECONFIG to use a cluster you have.",
  );
}
