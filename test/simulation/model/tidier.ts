import { LABELS } from "../../../crds/group.ts";
import { decodeLedger, OPEN } from "../../../operator/core/ledger.ts";
import { JOBS, MEDIA_JOBS } from "../../../operator/kube/api/resources.ts";
import type { Prng } from "../prng.ts";
import { type Surroundings, unitsOf } from "../units-of.ts";
import { hasCondition } from "./server.ts";

/**
 * Somebody who keeps a namespace tidy, as time does: deletes a Job that has ended, once the status of its MediaJob tells
 * how its unit did, or this attempt at it.
 */
export function tidy(surroundings: Surroundings, random: Prng): void {
  const { server } = surroundings;
  const told = server.list(MEDIA_JOBS).flatMap((job) => {
    const { metadata, spec, status } = job;
    if (spec.retryGeneration !== (status?.retryGeneration ?? 0)) return []; // it tells of the time before
    const units = unitsOf(surroundings, job);
    const letters = decodeLedger(status?.units?.ledger, units.length);
    const ended = units.filter((_, index) => letters[index] !== OPEN);
    const failed = (status?.attempts ?? []).map(({ unit, attempt }) => `${unit}/${attempt}`);
    return [...ended, ...failed].map((told) => `${metadata.uid}/${told}`);
  });
  const dispensable = server.list(JOBS).filter((job) => {
    const { labels, deletionTimestamp } = job.metadata;
    const hasEnded = hasCondition(job, "Complete") || hasCondition(job, "Failed");
    const unit = `${labels?.[LABELS.jobUid]}/${labels?.[LABELS.unit]}`;
    const isTold = told.includes(unit) || told.includes(`${unit}/${labels?.[LABELS.attempt]}`);
    return hasEnded && !deletionTimestamp && isTold;
  });
  if (dispensable.length > 0)
    server.delete(JOBS, random.pick(dispensable).metadata, { propagationPolicy: "Background", by: "tidier" });
}
