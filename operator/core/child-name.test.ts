import { expect, test } from "vitest";
import { childName, nameStart } from "./child-name.ts";

test("a short name is kept whole", () =>
  expect(childName("holiday", "image-0", 2)).toBe("holiday-image-0-a2"));

test("a long name is cut to 63 characters and ends in unit and attempt", () => {
  const name = childName("a".repeat(200), "video-12", 101);
  expect(name).toHaveLength(63);
  expect(name).toMatch(/^a+-[0-9a-f]{8}-video-12-a101$/);
});

test.each([
  { one: "a.b", other: "a-b" },
  { one: `${"x".repeat(100)}1`, other: `${"x".repeat(100)}2` },
])("$one and $other have different children", ({ one, other }) =>
  expect(childName(one, "image-0", 1)).not.toBe(childName(other, "image-0", 1)),
);

test.each([
  { what: "a name that is short enough", name: "a.b-c", start: "a.b-c" },
  { what: "a name that would end in a dot", name: "abcd.efg", start: "abcd" },
  { what: "a name that would end in several marks", name: "abc-.efg", start: "abc" },
])("of $what $start is left", ({ name, start }) => expect(nameStart(name, 5)).toBe(start));
