import { parseArgs } from "node:util";
import { type Binary, binaries, binaryNames } from "./binaries.ts";
import { type ClusterOptions, ensureCluster, parseProvider, withClusterLock } from "./cluster.ts";
import { describeDocker, stopDocker } from "./docker.ts";
import { buildImages, loadImages } from "./images.ts";
import { describeNativeCluster, stopNativeCluster } from "./native-cluster.ts";
import { runSmokeTest } from "./smoke.ts";
import { stopOrphans } from "./standalone-api-server.ts";

const usage = `node test/cluster/main.ts COMMAND [--yes] [--provider native|existing] [--tag TAG]

  up                starts the cluster, or finds it running, prints KUBECONFIG and keeps it until \`down\`
  down              ends all of it, also what a crashed run has left
  status            says what runs
  images            builds the two images, and loads them into the nodes if the cluster is up
  smoke             proves that the running cluster does what the tests need of it
  binaries NAME…    builds or finds programs, and prints their paths: ${binaryNames.join(", ")}

  --yes             installs missing Debian packages without asking, as CI=true does
`;

const commands: Record<
  string,
  (args: readonly string[], options: ClusterOptions & { tag: string }) => Promise<void>
> = {
  up: async (_, options) => {
    const cluster = await ensureCluster({ ...options, keep: true });
    console.log(`export KUBECONFIG=${cluster.kubeconfig}`);
  },
  down: async () => {
    await withClusterLock(stopNativeCluster);
    await stopDocker();
    await stopOrphans();
  },
  status: async () => {
    for (const line of [...(await describeNativeCluster()), ...describeDocker()]) console.log(line);
  },
  images: async (_, options) => {
    const images = await buildImages(options);
    const names = images.map((image) => image.name);
    const [state = ""] = await describeNativeCluster();
    if (state.includes("is up")) await loadImages(names, options);
    for (const image of images) console.log(`${image.name} ${image.id} ${image.sizeBytes}`);
  },
  smoke: async (_, options) => {
    const cluster = await ensureCluster(options);
    await runSmokeTest(cluster).finally(() => cluster.stop());
  },
  binaries: async (names) => {
    const unknown = names.filter((name) => !binaryNames.includes(name as Binary));
    if (unknown.length > 0 || names.length === 0) throw new Error(`Name some of: ${binaryNames.join(", ")}`);
    for (const path of Object.values(await binaries(...(names as Binary[])))) console.log(path);
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    yes: { type: "boolean", default: false },
    provider: { type: "string" },
    tag: { type: "string", default: "dev" },
    help: { type: "boolean", default: false },
  },
});
const [name = "", ...args] = positionals;
const run = commands[name];
if (values.help || !run) {
  console.error(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  try {
    const provider = parseProvider(values.provider ?? process.env.MEDIAJOB_TEST_CLUSTER);
    await run(args, { yes: values.yes, tag: values.tag, provider });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
