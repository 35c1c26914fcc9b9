import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EVENT_REASONS } from "../crds/event-reasons.ts";

test("docs/events.md lists every reason of an Event, once", () => {
  const docs = readFileSync(join(import.meta.dirname, "../docs/events.md"), "utf8");
  const rows = [...docs.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
    cell.replaceAll("`", "").split(", "),
  );
  expect(rows.toSorted()).toEqual(EVENT_REASONS.toSorted());
});
