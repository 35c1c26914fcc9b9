import { LABELS } from "../../../crds/group.ts";
import type { KubeObject } from "../../../operator/kube/api/kube-object.ts";
import { JOBS, MEDIA_JOBS } from "../../../operator/kube/api/resources.ts";
import type { Checker } from "./checker.ts";

/**
 * The work of a MediaJob that is gone does not begin anew: who was told that a Job went which it did not delete itself
 * starts no other for that MediaJob, though its watch of MediaJobs may be behind.
 */
export const deleted: Checker = (world, fail) => {
  /** Jobs that an operator has asked to be deleted, and MediaJobs that are gone, by who knows of it. */
  const ownDeletions = new Set<string>();
  const known = new Set<string>();

  world.on("heard", ({ by, plural, event }) => {
    if (plural !== JOBS.plural || event.type !== "DELETED") return;
    const { name, labels } = (event.object as KubeObject).metadata;
    const uid = labels?.[LABELS.jobUid];
    if (!ownDeletions.has(`${by} ${name}`) && !isThere(uid)) known.add(`${by} ${uid}`);
  });

  world.on("sent", ({ verb, plural, name, by, object }) => {
    if (plural !== JOBS.plural) return;
    if (verb === "delete") ownDeletions.add(`${by} ${name}`);
    if (verb === "create" && object && known.has(`${by} ${object.metadata.labels?.[LABELS.jobUid]}`))
      fail(
        "the work of what was deleted does not begin anew",
        `${by} creates ${name}, though its MediaJob is gone and a Job with it`,
      );
  });

  const isThere = (uid: string | undefined) =>
    world.server.list(MEDIA_JOBS).some(({ metadata }) => metadata.uid === uid);
};
