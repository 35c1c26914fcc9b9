import { expect, test } from "vitest";
import { readText, yamlDocuments } from "./yaml-file.ts";

test.each([
  { file: "nowhere.yaml", why: "there is no such file" },
  { file: import.meta.dirname, why: "it is a directory; name a file in it" },
])("$why is said of what cannot be read", async ({ file, why }) => {
  await expect(readText(file)).rejects.toThrow(`cannot read ${file}: ${why}`);
});

test.each([
  { text: "2024-05-01", value: "2024-05-01" },
  { text: "2024-05-01T12:30:00Z", value: "2024-05-01T12:30:00Z" },
  { text: "12:30:00", value: "12:30:00" },
  { text: "1:30", value: "1:30" },
  { text: "01:00:00:00", value: "01:00:00:00" },
  { text: "12:30:00.5", value: "12:30:00.5" },
  { text: "yes", value: true },
  { text: "off", value: false },
  { text: "017", value: 15 },
  { text: "0x1f", value: 31 },
  { text: "1.5", value: 1.5 },
  { text: ".5", value: 0.5 },
  { text: ".", value: "." },
])("$text is read as kubectl reads it", ({ text, value }) => {
  expect(yamlDocuments(`a: ${text}`, "got.yaml")).toMatchObject([{ value: { a: value } }]);
});
