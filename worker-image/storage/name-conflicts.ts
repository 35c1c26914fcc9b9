import { WorkFailure } from "../work-failure.ts";

/** What is said where the name that an output would have is taken, each with the ways out. */

export const allTaken = (wanted: string) =>
  new WorkFailure(
    "OutputExists",
    `${wanted} and all its suffixes _001 to _999 exist at the destination; remove some or choose another template`,
  );

/** Where the file stands that others lead to, the whole is kept; without it what stands is of no use to anyone. */
export const notWhole = (target: string) =>
  new WorkFailure(
    "OutputExists",
    `${target} exists at the destination without the rest of its output, so it cannot be kept; remove its directory, or choose Overwrite or Suffix`,
  );

export const alreadyThere = (target: string) =>
  new WorkFailure(
    "OutputExists",
    `${target} exists at the destination and destination.onConflict is Fail; remove it, or choose Overwrite, Suffix or Skip`,
  );

export const noFile = (target: string) =>
  new WorkFailure(
    "OutputPathConflict",
    `${target} exists at the destination and is no file but a directory, a device or a link that leads to none, so destination.onConflict Skip cannot keep it; remove it, or choose another destination.template`,
  );
