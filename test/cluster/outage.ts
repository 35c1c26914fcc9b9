import { nativeClusterDirectory } from "./native-cluster.ts";
import { signal } from "./process-identity.ts";
import { endsWithin, recordedProcesses, startProcess } from "./process-registry.ts";

/** Parts of the native cluster that a test may take away and bring back. */
export type Part = "kube-apiserver" | "kubelet-node-0" | "kubelet-node-1";

/** Kills a part, as a crash would. What is returned starts it again just as it was, and may be called twice. */
export async function killPart(part: Part): Promise<() => void> {
  const directory = nativeClusterDirectory();
  const process = recordedProcesses(directory).find(({ name }) => name === part);
  if (!process) throw new Error(`the cluster has no ${part}; see \`npm run cluster:status\``);
  signal(process, "SIGKILL");
  if (!(await endsWithin(process, 10_000))) throw new Error(`${part} (pid ${process.pid}) survives SIGKILL`);
  let isDown = true;
  return () => {
    const [file, ...args] = process.command;
    if (isDown && file) startProcess(directory, part, [file, ...args]);
    isDown = false;
  };
}
