import { expect, test } from "vitest";
import { readSurroundings } from "./surroundings.ts";

const environment = {
  MEDIAJOB_UNIT_FILE: "/unit.json",
  MEDIAJOB_RESULT_FILE: "/result.json",
  MEDIAJOB_SCRATCH_DIR: "/scratch",
};

test("claims that are not named are mounted under /volumes", () => {
  const { volumeRoot, progress } = readSurroundings({
    ...environment,
    MEDIAJOB_VOLUMES: '{"media":"/data/media"}',
  });
  expect(volumeRoot("media")).toBe("/data/media");
  expect(volumeRoot("other")).toBe("/volumes/other");
  expect(volumeRoot("constructor")).toBe("/volumes/constructor");
  expect(progress).toBeUndefined();
});

test.each(["MEDIAJOB_UNIT_FILE", "MEDIAJOB_RESULT_FILE", "MEDIAJOB_SCRATCH_DIR"])(
  "%s must be set",
  (name) => {
    expect(() => readSurroundings({ ...environment, [name]: undefined })).toThrow(name);
  },
);

test.each(["media=/data", "[]", "null", '{"media":1}'])(
  "volumes that are no object of directories are refused: %s",
  (text) => {
    expect(() => readSurroundings({ ...environment, MEDIAJOB_VOLUMES: text })).toThrow(
      /MEDIAJOB_VOLUMES must be/,
    );
  },
);
