import { expect, test } from "vitest";
import { jsonLines } from "./json-lines.ts";

const bytes = Buffer.from('{"text":"één"}\n{"n":2}\n\n{"n":3}\n');

test.each([1, 2, 3, 5, 7, bytes.length])(
  "lines are the same when they come %i bytes at a time",
  async (size) => {
    const lines = [];
    for await (const line of jsonLines(pieces(bytes, size))) lines.push(line);
    expect(lines).toEqual([{ text: "één" }, { n: 2 }, { n: 3 }]);
  },
);

test.each([1, 4, 60])("fields that are not read are cut, %i bytes at a time", async (size) => {
  const stream = Buffer.from('{"a":{"spec":{"n":"}"}}}\n{"spec":{},"b":1}\n');
  const lines = [];
  for await (const line of jsonLines(pieces(stream, size), ["spec{}"])) lines.push(line);
  expect(lines).toEqual([{ a: {} }, { b: 1 }]);
});

test.each([
  {
    name: "a stream that ends inside a line",
    text: '{"n":1}\n{"n"',
    message: "ended inside a line, after 4 bytes",
  },
  { name: "a line that is not JSON", text: '{"n":1}\n<html>\n', message: "not valid JSON" },
  { name: "a line without end", text: `{"n":1}\n${"x".repeat(200)}`, message: "more than 100 bytes" },
])("$name is an error, after the lines before it", async ({ text, message }) => {
  const lines = jsonLines(pieces(Buffer.from(text), 20), [], 100);
  expect(await lines.next()).toEqual({ value: { n: 1 }, done: false });
  await expect(lines.next()).rejects.toThrow(message);
});

async function* pieces(whole: Buffer, size: number) {
  for (let start = 0; start < whole.length; start += size) yield whole.subarray(start, start + size);
}
