import type { Sharp } from "sharp";

/** Longest time for one pipeline; an image made to be slow ends alone and not with its unit. */
export const SECONDS_MAX = 300;

/** A pipeline that ends with an error when it takes too long. */
export const timeLimited = (pipeline: Sharp): Sharp => pipeline.timeout({ seconds: SECONDS_MAX });

/**
 * For prlimit, of processor time. At the first of two limits a process is told that it was that (SIGXCPU); where they are
 * one it is killed like any other.
 */
export const cpuLimit = (seconds: number): string => `--cpu=${seconds}:${seconds + 1}`;

/** Whether a program that `execFile` ran with that limit, and with a timeout, took too long. */
export const tookTooLong = ({ killed, signal }: { killed?: boolean; signal?: string | null }): boolean =>
  killed === true || signal === "SIGXCPU";
