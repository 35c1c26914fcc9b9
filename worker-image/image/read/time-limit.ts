import type { Sharp } from "sharp";

/** Longest time for one pipeline; an image made to be slow ends alone and not with its unit. */
export const SECONDS_MAX = 300;

/** A pipeline that ends with an error when it takes too long. */
export const timeLimited = (pipeline: Sharp): Sharp => pipeline.timeout({ seconds: SECONDS_MAX });
