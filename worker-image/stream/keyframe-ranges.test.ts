import { expect, test } from "vitest";
import { firstSampleEnd } from "./keyframe-ranges.ts";

const words = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => void bytes.writeUInt32BE(value >>> 0, at * 4));
  return bytes;
};
const box = (type: string, ...content: Buffer[]) => {
  const body = Buffer.concat(content);
  return Buffer.concat([words(8 + body.length), Buffer.from(type, "latin1"), body]);
};
const moof = (tfhd: Buffer, trun: Buffer) =>
  box(
    "moof",
    box("mfhd", words(0, 1)),
    box("traf", box("tfhd", tfhd), box("tfdt", words(0, 0)), box("trun", trun)),
  );

test.each([
  {
    name: "sizes of its own behind durations and the first sample's flags",
    fragment: moof(words(0x020000, 1), words(0x000305 | 0x4, 2, 200, 0, 512, 5000, 512, 900)),
    expected: 5200,
  },
  {
    name: "sizes of its own and nothing else",
    fragment: moof(words(0x020000, 1), words(0x000201, 2, 200, 700, 900)),
    expected: 900,
  },
  {
    name: "one size for all, behind a default duration",
    fragment: moof(words(0x020018, 1, 512, 333), words(0x000001, 2, 200)),
    expected: 533,
  },
])("$name", ({ fragment, expected }) => expect(firstSampleEnd(fragment)).toBe(expected));

test("a fragment that does not say how large its samples are is refused", () => {
  expect(() => firstSampleEnd(moof(words(0x020000, 1), words(0x000001, 2, 200)))).toThrow(/how large/);
});
