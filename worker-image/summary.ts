import { TERMINATION_MESSAGE_BYTES, type UnitResult } from "../crds/result.ts";

/** A message is cut to this many characters before anything is left out. */
const MESSAGE_CHARACTERS = 400;

/**
 * What is left out first: warnings, then what was made, which the manifest lists, then what failed. The
 * indexes of failed sources fit for any unit of up to 900 sources.
 */
const SHORTENED = ["warnings", "outputs", "failures", "failedSources"] as const;

/**
 * The result as JSON of at most 4096 bytes, always valid and with whole counts: lists are shortened from
 * their ends until it fits.
 */
export function summarize(result: UnitResult, limitBytes: number = TERMINATION_MESSAGE_BYTES): string {
  const whole = JSON.stringify(result);
  if (Buffer.byteLength(whole) <= limitBytes) return whole;
  const short: UnitResult = {
    ...result,
    ...(result.failure && { failure: cut(result.failure) }),
    outputs: [...result.outputs],
    failures: result.failures.map(cut),
    failedSources: [...result.failedSources],
    warnings: result.warnings.map(cut),
    truncated: true,
  };
  for (const list of SHORTENED) {
    const items: unknown[] = short[list];
    const without = bytesOf({ ...short, [list]: [] });
    const sizes = items.map((item) => bytesOf(item) + 1);
    let total = without + sizes.reduce((sum, bytes) => sum + bytes, 0);
    while (total > limitBytes && items.length > 0) {
      items.pop();
      total -= sizes.pop() ?? 0;
    }
    if (total <= limitBytes) break;
  }
  const { manifestUri: _, ...shortest } = short; // of a long path, beside what was found of many sources
  return JSON.stringify(bytesOf(short) <= limitBytes ? short : shortest);
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const cut = <Item extends { message: string }>(item: Item): Item => ({
  ...item,
  message:
    item.message.length > MESSAGE_CHARACTERS
      ? `${item.message.slice(0, MESSAGE_CHARACTERS - 1)}…`
      : item.message,
});
