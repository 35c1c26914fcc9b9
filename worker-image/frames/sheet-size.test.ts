import { expect, test } from "vitest";
import { framesOutput } from "../../crds/outputs/frames.ts";
import { refuseTooLarge, sheetSize } from "./sheet-size.ts";

const CELL = { width: 320, height: 180 };
const refuse = (count: number, output: Record<string, unknown>, cell = CELL) =>
  refuseTooLarge(count, framesOutput.parse({ width: cell.width, ...output }), cell);

test("a sheet is no wider than its frames, and its last row may have room", () => {
  expect(sheetSize(3, { columns: 10, cell: CELL })).toEqual({ width: 960, height: 180 });
  expect(sheetSize(11, { columns: 10, cell: CELL })).toEqual({ width: 3200, height: 360 });
});

test.each([
  { name: "a WebP too high", count: 1000, output: { layout: "ContactSheet", format: "webp" } },
  { name: "a JPEG too high", count: 364, output: { layout: "ContactSheet", columns: 1 } },
  {
    name: "a PNG of too many pixels",
    count: 2000,
    output: { layout: "Sprite", format: "png", columns: 50 },
    cell: { width: 640, height: 360 },
  },
  {
    name: "a sprite too wide",
    count: 60,
    output: { layout: "Sprite", format: "webp", columns: 50 },
    cell: { width: 400, height: 224 },
  },
])("$name is refused", ({ count, output, cell = CELL }) => {
  expect(() => refuse(count, output, cell)).toThrow(
    expect.objectContaining({ reason: "InvalidOutputSpec", message: expect.stringMatching(/take fewer/) }),
  );
});

test("what is said has the numbers", () => {
  expect(() => refuse(1000, { layout: "ContactSheet", format: "webp" })).toThrow(
    "1000 frames of 320×180 in 10 columns make a sheet of 3200×18000 pixels, and webp takes 16383 a side at most",
  );
});

test.each([
  { name: "the highest WebP", count: 910, output: { layout: "ContactSheet", format: "webp" } },
  { name: "the same frames as JPEG", count: 1000, output: { layout: "ContactSheet" } },
  { name: "as many on several sprites", count: 2000, output: { layout: "Sprite", format: "webp" } },
  { name: "files of their own", count: 2000, output: { format: "webp" } },
  { name: "none at all", count: 0, output: { layout: "ContactSheet" } },
])("$name is taken", ({ count, output }) => expect(() => refuse(count, output)).not.toThrow());
