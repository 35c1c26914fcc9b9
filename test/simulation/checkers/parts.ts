import { LABELS } from "../../../crds/group.ts";
import { type Job, MEDIA_JOBS, type StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import { hasCondition } from "../model/server.ts";
import { FINALIZE, planOf } from "../units-of.ts";
import type { Checker } from "./checker.ts";

/**
 * A unit that joins parts finds them: each was made before it starts, and was not swept since by what finalizes. And a
 * source that its only unit left to parts is made.
 */
export const parts: Checker = (world, fail) => {
  /** By UID of the MediaJob: units whose part lies at the destination. */
  const made = new Map<string, Set<string>>();

  world.on("written", ({ plural, object }) => {
    const { labels = {} } = object.metadata;
    const unit = labels[LABELS.unit] ?? "";
    if (plural !== "jobs" || !unit.startsWith("part-") || !hasCondition(object as Job, "Complete")) return;
    const uid = labels[LABELS.jobUid] ?? "";
    made.set(uid, (made.get(uid) ?? new Set()).add(unit));
  });

  const leftToParts = new Map<string, boolean>();
  world.on("ended", ({ mediaJob, fate }) => leftToParts.set(mediaJob, fate.leftToParts));
  world.on("written", ({ plural, object }) => {
    if (plural !== MEDIA_JOBS.plural) return;
    const { metadata, status } = object as StoredMediaJob;
    if (status?.phase !== "Succeeded" || status.units?.total !== 1 || !leftToParts.get(metadata.uid)) return;
    fail(
      "what is left to parts is made",
      `${metadata.name} is Succeeded, and nothing was made of its long source`,
    );
  });

  world.on("started", ({ mediaJob, unit, pod }) => {
    if (unit === FINALIZE) made.delete(mediaJob);
    if (!unit.startsWith("join-")) return;
    const job = world.server.list(MEDIA_JOBS).find(({ metadata }) => metadata.uid === mediaJob);
    if (!job) return;
    const { units } = planOf(world, job);
    const needs = units.find(({ name }) => name === unit)?.needs ?? [];
    const missing = needs
      .flatMap((index) => units[index]?.name ?? [])
      .filter((name) => !made.get(mediaJob)?.has(name));
    if (missing.length)
      fail("a join finds its parts", `${pod.metadata.name} starts, and ${missing.join(", ")} are not there`);
  });
};
