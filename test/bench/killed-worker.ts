import { podProcess } from "../cluster/pod-process.ts";
import { signal } from "../cluster/process-identity.ts";
import { onVolume, SLOWLY, type Workspace } from "../e2e/workspace.ts";

/** Seconds from the kill of a worker until its successor is at work on the same unit, of each run. Needs in/walk.mp4. */
export async function recoveries(workspace: Workspace, runs: number): Promise<number[]> {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const name = `killed-${run}`;
    await workspace.start(name, {
      sources: [{ name: "walk", ...onVolume("in/walk.mp4") }],
      outputs: [{ name: "web", video: { height: 240 } }],
      ...SLOWLY,
    });
    const { metadata } = await workspace.working(name, "video-0");
    const killedAt = performance.now();
    if (!signal(podProcess(metadata.uid, "/app/worker.js"), "SIGKILL"))
      throw new Error(`the worker of ${metadata.name} ended before it could be killed`);
    await workspace.seen(name, "its second attempt", ({ status }) => status?.attempts?.length === 1);
    const successor = await workspace.working(name, "video-0");
    if (successor.metadata.uid === metadata.uid) throw new Error(`${metadata.name} is not dead`);
    seconds.push((performance.now() - killedAt) / 1000);
    await workspace.patch(name, { cancel: true });
    await workspace.wait(name, "condition=Failed");
  }
  return seconds;
}
