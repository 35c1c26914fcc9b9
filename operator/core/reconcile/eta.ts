/** Remaining time beyond this is not told: nobody waits for it, and what it is made of is a guess. */
const MAX_ETA_SECONDS = 24 * 3600;

/** From this percentage on the measured pace alone counts, and no range is told. */
const CERTAIN_PERCENT = 50;

/** What is added to the later of two estimates while they disagree: who waits would rather be early than late. */
const MARGIN = 0.25;

/** A range narrower than this is no news. */
const WORTH_TELLING = 1.3;

export interface Eta {
  etaSeconds?: number;
  /** Set while the two estimates disagree. */
  etaMaxSeconds?: number;
}

/**
 * The remaining time: by the pace so far (elapsed × 100 / percent − elapsed), and by the plan,
 * which knows from past work how long units take. The first percents say little of the pace, so the plan counts more
 * then, and less with every percent; both together give a range. Nothing at 0 %, and nothing beyond a day.
 */
export function etaOf({
  percent,
  elapsedSeconds,
  plannedSeconds,
}: {
  percent: number;
  /** In which it was Running; null while it is not. */
  elapsedSeconds: number | null;
  /** What the units that have not ended are estimated to take from now, side by side as they run. */
  plannedSeconds: number;
}): Eta {
  if (percent <= 0 || elapsedSeconds === null) return {};
  const measured = (elapsedSeconds * 100) / percent - elapsedSeconds;
  const trust = Math.min(1, percent / CERTAIN_PERCENT);
  const expected = Math.round(trust * measured + (1 - trust) * plannedSeconds);
  if (!(expected >= 0 && expected <= MAX_ETA_SECONDS)) return {};
  const latest = Math.round(Math.max(measured, plannedSeconds) * (1 + MARGIN));
  const isRange = trust < 1 && latest <= MAX_ETA_SECONDS && latest >= expected * WORTH_TELLING;
  return { etaSeconds: expected, ...(isRange && { etaMaxSeconds: latest }) };
}
