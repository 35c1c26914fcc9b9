/** A part of the work with the time it is expected to take, relative to the others. */
export interface Stage {
  name: string;
  seconds: number;
}

export interface StageProgress {
  /** Tells that `name` has done `fraction` of itself; all stages before it count as done. */
  at(name: string, fraction: number): { stage: string; fraction: number };
}

/**
 * One fraction over several stages, weighted by the time each is expected to take. Fixed weights, such as 5, 85 and
 * 10 %, are wrong for most files: probing takes a fifth of a second, whether the encode takes a second or an hour.
 */
export function stageProgress(stages: readonly Stage[]): StageProgress {
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  let highest = 0;
  return {
    at(name, fraction) {
      const index = stages.findIndex((stage) => stage.name === name);
      const before = stages.slice(0, Math.max(0, index)).reduce((sum, { seconds }) => sum + seconds, 0);
      const own = (stages[index]?.seconds ?? 0) * Math.min(1, Math.max(0, fraction));
      highest = Math.max(highest, total === 0 ? 0 : Math.min(1, (before + own) / total));
      return { stage: name, fraction: highest };
    },
  };
}
