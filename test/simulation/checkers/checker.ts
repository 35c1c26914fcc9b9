import type { World } from "../world.ts";

/** Watches a world for one family of promises and says when one is broken. */
export type Checker = (world: World, fail: Fail) => void;

/** @param promise what was promised, in the words of docs; the same for the same invariant */
export type Fail = (promise: string, what: string) => void;
