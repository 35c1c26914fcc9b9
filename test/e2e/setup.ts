import type { TestProject } from "vitest/node";
import { install } from "./install.ts";

/**
 * What vitest does before the end-to-end tests, where they are asked for by their project's name: `vitest run operator`
 * fits the names of some of their files, too, and nobody means to start a cluster by it.
 */
export default function setup({ name, vitest }: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (vitest.config.project.includes(name)) return install();
  throw new Error(
    `tests of ${name} need a cluster: --project ${name} starts it, --project unit does without`,
  );
}
