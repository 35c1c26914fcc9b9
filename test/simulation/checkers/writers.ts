import { UNIT_ANNOTATION } from "../../../crds/group.ts";
import type { Unit } from "../../../crds/unit.ts";
import { JOBS, MEDIA_JOBS } from "../../../operator/kube/api/resources.ts";
import type { Process } from "../model/kubelet.ts";
import type { Checker } from "./checker.ts";
import { isLost, wasJustLost } from "./lost.ts";

/**
 * No file is written by workers of two MediaJobs at once. Those of a MediaJob that is gone are told to end, and a new
 * operator knows nothing of them; they count for nobody here.
 */
export const writers: Checker = (world, fail) => {
  const live = new Map<Process, Set<string>>();
  /** Processes beside which another was asked for while their node was lost; it may be back before that starts. */
  const givenUp = new Set<Process>();

  world.on("written", ({ plural, type }) => {
    if (plural !== JOBS.plural || type !== "ADDED") return;
    for (const process of live.keys()) if (wasJustLost(process, world)) givenUp.add(process);
  });

  world.on("started", (process) => {
    const own = filesOf(process);
    if (own.size === 0) return;
    for (const [other, files] of live)
      if (
        other.mediaJob !== process.mediaJob &&
        !(isLost(other, world) || givenUp.has(other)) &&
        isThere(other) &&
        isThere(process)
      )
        for (const file of own)
          if (files.has(file))
            fail(
              "no file is written by two MediaJobs at once",
              `${process.pod.metadata.name} starts while ${other.pod.metadata.name} runs; both write ${file}`,
            );
    live.set(process, own);
  });

  world.on("ended", (process) => live.delete(process));

  const isThere = ({ mediaJob }: Process) =>
    world.server
      .list(MEDIA_JOBS)
      .some(({ metadata }) => metadata.uid === mediaJob && metadata.deletionTimestamp === undefined);
};

/** What a worker gives a final name. */
function filesOf({ pod }: Process): Set<string> {
  const unit = JSON.parse(pod.metadata.annotations?.[UNIT_ANNOTATION] ?? "{}") as Partial<Unit>;
  const { sources = [], outputs = [], destination, part } = unit;
  if (part) return new Set();
  const directory = destination?.volume?.path?.replace(/[/]+$/, "");
  return new Set(
    sources.flatMap(({ name }) => outputs.map((output) => `${directory}/${name}/${output.name}`)),
  );
}
