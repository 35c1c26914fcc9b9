import { join } from "node:path";
import { binaries } from "./binaries.ts";
import { freePorts } from "./free-port.ts";
import { assertAlive, startProcess } from "./process-registry.ts";
import { until } from "./until.ts";

/** Starts an empty etcd on loopback, below `directory`, and gives its client URL once it answers. */
export async function startEtcd(directory: string): Promise<{ url: string }> {
  const { etcd } = await binaries("etcd");
  const [clientPort, peerPort] = await freePorts(2);
  const url = `http://127.0.0.1:${clientPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const process = startProcess(directory, "etcd", [
    etcd,
    ...["--data-dir", join(directory, "etcd"), "--name", "test", "--log-level", "warn"],
    ...["--listen-client-urls", url, "--advertise-client-urls", url],
    ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
    ...["--initial-cluster", `test=${peerUrl}`],
    "--unsafe-no-fsync", // the data dies with the test; waiting for the disk is most of a write's time
    ...["--quota-backend-bytes", String(8 * 1024 ** 3)], // load tests write more than the default 2 GiB
  ]);
  await until(
    "etcd",
    async () => {
      assertAlive(process);
      return (await fetch(`${url}/health`)).ok;
    },
    { timeoutMs: 20_000, everyMs: 20 },
  );
  return { url };
}
