import { FINALIZE_BYTES, type Finalize, type OpenUnit } from "../../../crds/finalize.ts";
import type { MediaJob, Webhook } from "../../../crds/media-job.ts";
import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import { isFinalize } from "../plan/plan.ts";
import { lastAttemptNumber } from "./attempt.ts";
import type { Action } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";
import type { PhaseVerdict } from "./phase.ts";
import { UNIT_LETTERS, type UnitLetter } from "./unit-state.ts";

const MAX_SOURCE_NAMES = 10;

interface Known {
  job: MediaJob;
  units: readonly FoldedUnit[];
  /** The status of this pass: it knows the units that ended just now. */
  status: MediaJobStatus;
  /** What the MediaJob comes to; undefined while its only unit has not run. */
  outcome: (PhaseVerdict & Pick<NonNullable<Finalize["outcome"]>, "phase">) | undefined;
}

/** Gives the attempt that runs last what it needs to finalize: the unit of that name, or a MediaJob's only one. */
export function withHandOver(actions: readonly Action[], known: Known): Action[] {
  const { formats } = known.job.spec.report ?? {};
  const only = known.units.length === 1;
  const sweepToAttempt = lastAttemptNumber(known.job.spec.retryGeneration);
  return actions.map((action) => {
    if (action.do !== "StartAttempt") return action;
    if (!isFinalize(action.unit) && !(only && formats)) return action;
    return { ...action, finalize: { ...BARE, sweepToAttempt, ...(formats && handOver(known, formats)) } };
  });
}

const BARE = {
  formats: [],
  open: [],
  openLeftOut: 0,
  failures: [],
  warnings: [],
  attempts: [],
  history: [],
} satisfies Partial<Finalize>;

function handOver(
  { job, units, status, outcome }: Known,
  formats: NonNullable<MediaJob["spec"]["report"]>["formats"],
): Omit<Finalize, "sweepToAttempt"> {
  const { metadata, spec } = job;
  const open = units.flatMap((folded) => openUnit(folded, spec));
  const told = withinBytes(open, FINALIZE_BYTES.open);
  const { sources, ...rest } = spec;
  const short = { ...rest, webhooks: spec.webhooks.map(withoutPath) };
  const whole = bytesOf(spec) <= FINALIZE_BYTES.spec;
  return {
    formats,
    ...(outcome && { outcome }),
    ...(metadata.generation !== undefined && { generation: metadata.generation }),
    retryGeneration: spec.retryGeneration,
    ...(metadata.creationTimestamp && { createdTime: metadata.creationTimestamp }),
    ...(status.startTime && { startTime: status.startTime }),
    spec: whole ? { sources, ...short } : short,
    unitCount: units.filter(({ unit }) => !isFinalize(unit)).length,
    open: told,
    openLeftOut: open.length - told.length,
    failures: status.failures ?? [],
    warnings: status.warnings ?? [],
    attempts: status.attempts ?? [],
    history: status.history ?? [],
  };
}

/** Who knows the URL of many a receiver may write to it: paths and queries hold keys. */
const withoutPath = (webhook: Webhook): Webhook => ({
  ...webhook,
  url: URL.canParse(webhook.url) ? `${new URL(webhook.url).origin}/…` : "…",
});

const RESULTS: Partial<Record<UnitLetter, OpenUnit["result"]>> = {
  [UNIT_LETTERS.partial]: "PartiallySucceeded",
  [UNIT_LETTERS.failed]: "Failed",
  [UNIT_LETTERS.cancelled]: "Cancelled",
};

function openUnit({ unit, state }: FoldedUnit, spec: MediaJob["spec"]): OpenUnit[] {
  const result = state.state === "Ended" ? RESULTS[state.letter] : undefined;
  if (!result) return [];
  const names = (items: readonly { name: string }[], indexes: readonly number[]) =>
    indexes.flatMap((index) => items[index]?.name ?? []);
  return [
    {
      name: unit.name,
      family: unit.family,
      result,
      sources: names(spec.sources, unit.sources.slice(0, MAX_SOURCE_NAMES)),
      sourceCount: unit.sources.length,
      outputs: names(spec.outputs, unit.outputs),
      estimatedSeconds: unit.estimate.seconds,
    },
  ];
}

/** The first items, as many as fit. */
function withinBytes<Item>(items: readonly Item[], limitBytes: number): Item[] {
  let bytes = 0;
  const end = items.findIndex((item) => {
    bytes += bytesOf(item) + 1;
    return bytes > limitBytes;
  });
  return end < 0 ? [...items] : items.slice(0, end);
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
