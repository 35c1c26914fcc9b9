import type { Job } from "../api/resources.ts";

/** The types of a Job's conditions that are true. */
export const trueConditions = ({ status }: Job): string[] =>
  status?.conditions?.filter(({ status }) => status === "True").map(({ type }) => type) ?? [];

/** Whether a Job is complete or has failed: its pods have ended, and no more will be made. */
export const hasEnded = ({ status }: Job): boolean =>
  status?.conditions?.some(
    ({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"),
  ) ?? false;
