import { hash } from "node:crypto";

/** A Job's name becomes a label of its pods, and labels hold 63 characters. */
const MAX_LENGTH = 63;

/**
 * The name of the Job of an attempt, `<job>-<unit>-a<attempt>`; where that is too long, the front is cut
 * and a hash of the whole stands in its place. The same attempt always has the same name, which is what
 * makes creating it idempotent.
 */
export function childName(job: string, unit: string, attempt: number): string {
  const end = `-${unit}-a${attempt}`;
  // A MediaJob's name may hold dots, a label-safe Job name may not.
  const start = job.replaceAll(".", "-");
  if (start === job && start.length + end.length <= MAX_LENGTH) return start + end;
  const whole = hash("sha256", job, "hex").slice(0, 8);
  return `${start.slice(0, MAX_LENGTH - end.length - 9)}-${whole}${end}`;
}

/** The front of a name, for another that goes on with a dot or a hyphen: it ends in a letter or a digit. */
export const nameStart = (name: string, characters: number): string =>
  name.slice(0, characters).replace(/[^a-z0-9]+$/, "");
