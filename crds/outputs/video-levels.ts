/**
 * The levels of each codec, and the largest picture of each: MaxFS in macroblocks of 16 × 16 pixels (H.264, table A-1),
 * MaxLumaPs in pixels (H.265, table A.8). `4` and `4.0` are one.
 */
export const VIDEO_LEVELS = {
  h264: levels({
    ...{ "1.0": 99, "1.1": 396, "1.2": 396, "1.3": 396, "2.0": 396, "2.1": 792, "2.2": 1620 },
    ...{ "3.0": 1620, "3.1": 3600, "3.2": 5120, "4.0": 8192, "4.1": 8192, "4.2": 8704 },
    ...{ "5.0": 22_080, "5.1": 36_864, "5.2": 36_864, "6.0": 139_264, "6.1": 139_264, "6.2": 139_264 },
  }),
  h265: levels({
    ...{ "1.0": 36_864, "2.0": 122_880, "2.1": 245_760, "3.0": 552_960, "3.1": 983_040 },
    ...{ "4.0": 2_228_224, "4.1": 2_228_224, "5.0": 8_912_896, "5.1": 8_912_896, "5.2": 8_912_896 },
    ...{ "6.0": 35_651_584, "6.1": 35_651_584, "6.2": 35_651_584 },
  }),
};

function levels(largest: Record<string, number>): ReadonlyMap<string, number> {
  const named = Object.entries(largest);
  return new Map([...named, ...named.map(([level, size]) => [level.replace(".0", ""), size] as const)]);
}

/** Why pictures cannot be of a level; undefined when they can. */
export function whyAboveLevel(
  { codec, level }: { codec: string; level?: string | undefined },
  { width, height }: { width: number; height: number },
): string | undefined {
  if (level === undefined || (codec !== "h264" && codec !== "h265")) return undefined;
  const most = VIDEO_LEVELS[codec].get(level) ?? Number.POSITIVE_INFINITY;
  const size = codec === "h264" ? Math.ceil(width / 16) * Math.ceil(height / 16) : width * height;
  if (size <= most) return undefined;
  const fitting = [...VIDEO_LEVELS[codec]].find(([, largest]) => size <= largest)?.[0];
  const remedy = fitting === undefined ? "leave level out" : `take ${fitting} or leave it out`;
  return `level ${level} of ${codec} has no room for pictures of ${width}×${height}: ${remedy}`;
}
