import type { Pod } from "../api/resources.ts";

/** On every pod of a Job, by the Job controller. */
export const JOB_NAME = "batch.kubernetes.io/job-name";

/** The Job a pod belongs to, by name. */
export const jobNameOf = ({ metadata }: Pod): string => metadata.labels?.[JOB_NAME] ?? "";
