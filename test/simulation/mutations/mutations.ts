/**
 * Deliberate bugs, each of a kind that reviews overlook, to show that the simulation bites: every one must be caught
 * within 2,000 seeds.
 */
import { resolve } from "node:path";
import { CORE_MUTATIONS } from "./in-core.ts";
import { SHELL_MUTATIONS } from "./in-shell.ts";
import type { Mutation } from "./mutation.ts";

export const repository = resolve(import.meta.dirname, "../../..");

export const MUTATIONS: readonly Mutation[] = [...CORE_MUTATIONS, ...SHELL_MUTATIONS];
