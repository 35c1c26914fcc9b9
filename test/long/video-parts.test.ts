import { afterAll, beforeAll, test } from "vitest";
import { PART_CASES, PartsWorkshop } from "../integration/worker/parts-workshop.ts";

let workshop: PartsWorkshop;
beforeAll(() => {
  workshop = new PartsWorkshop();
});
afterAll(() => workshop.remove());

test.each(PART_CASES)("$name: the same frames at the same times as in one piece", (row) =>
  workshop.expectAlike(row),
);
