import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take a minute, or half of one, and do not look it: vitest begins with the largest, and where one of these
 * came last it would run alone, beside an idle core.
 */
const SLOW = [
  "players.test.ts",
  "image-memory.test.ts",
  "video-parts.test.ts",
  "video-quality.test.ts",
  "video-together.test.ts",
  "video-sound.test.ts",
];

/** Begins with the files that take long; the others come as vitest would have them. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => SLOW.includes(basename(moduleId));
    const sorted = await super.sort(files);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}
