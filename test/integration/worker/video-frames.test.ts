import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clip } from "./clips.ts";
import { Workshop } from "./worker-attempt.ts";

/** Frames at times, and in sheets, that a source or a format may not have. */

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
  clip(join(workshop.sources, "long.mp4"), { seconds: 10, more: ["-g", "25"] });
});
afterAll(() => workshop.remove());

test("sprites of times in any order follow each other as the film does", async () => {
  const frames = { atSeconds: [2, 8, 5, 2], width: 160, layout: "Sprite" };
  const { result, pathOf } = await workshop.attempt("long.mp4", { frames });
  expect(result.failures).toEqual([]);
  const cues = readFileSync(pathOf("made.vtt"), "utf8").match(/^\S+ --> \S+$/gm);
  expect(cues).toEqual([
    "00:00:00.000 --> 00:00:05.000",
    "00:00:05.000 --> 00:00:08.000",
    "00:00:08.000 --> 00:00:10.000",
  ]);
});

test.each([
  {
    name: "times beyond the end",
    frames: { atSeconds: [100] },
    message: "the source lasts 10 s and none of atSeconds is at 9.9 s or earlier",
  },
  {
    name: "a sheet that its format cannot hold",
    frames: { count: 1000, width: 320, layout: "ContactSheet", format: "webp" },
    message: "make a sheet of 3200×18000 pixels, and webp takes 16383 a side at most",
  },
])("$name are the spec's failure, before any frame is taken", async ({ frames, message }) => {
  const { result, files } = await workshop.attempt("long.mp4", { frames });
  expect(result.failure).toMatchObject({
    reason: "InvalidOutputSpec",
    message: expect.stringContaining(message),
  });
  expect(files).toEqual([]);
});
