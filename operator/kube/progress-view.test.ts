import { expect, test } from "vitest";
import type { ProgressMessage } from "../../crds/progress.ts";
import { ProgressView } from "./progress-view.ts";

const report = (fields: Partial<ProgressMessage> = {}): ProgressMessage => ({
  job: { namespace: "media", name: "holiday", uid: "u1" },
  unit: "image-0",
  attempt: 1,
  sequence: 1,
  stage: "encode",
  fraction: 0.1,
  ...fields,
});

const after = (...reports: Partial<ProgressMessage>[]) => {
  const view = new ProgressView();
  for (const fields of reports) view.accept(report(fields));
  return view.of("u1").get("image-0");
};

test.each([
  { name: "the newest report counts", reports: [{}, { sequence: 2, fraction: 0.5 }], fraction: 0.5 },
  {
    name: "one that comes late changes nothing",
    reports: [
      { sequence: 3, fraction: 0.5 },
      { sequence: 2, fraction: 0.3 },
    ],
    fraction: 0.5,
  },
  { name: "a repeated one changes nothing", reports: [{ fraction: 0.5 }, { fraction: 0.9 }], fraction: 0.5 },
  {
    name: "a worker that goes back is kept where it was",
    reports: [{ fraction: 0.5 }, { sequence: 2, fraction: 0.2 }],
    fraction: 0.5,
  },
  {
    name: "a newer attempt starts from the beginning",
    reports: [{ fraction: 0.5 }, { attempt: 2, fraction: 0.1 }],
    fraction: 0.1,
  },
  {
    name: "an older attempt is not heard any more",
    reports: [
      { attempt: 2, fraction: 0.1 },
      { sequence: 9, fraction: 0.9 },
    ],
    fraction: 0.1,
  },
])("$name", ({ reports, fraction }) => expect(after(...reports)?.fraction).toBe(fraction));
