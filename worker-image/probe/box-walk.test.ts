import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startsFast, walkBoxes } from "./box-walk.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "box-walk-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const box = (type: string, payloadBytes: number, claimedBytes = payloadBytes + 8) => {
  const bytes = Buffer.alloc(8 + payloadBytes);
  bytes.writeUInt32BE(claimedBytes, 0);
  bytes.write(type, 4, "latin1");
  return bytes;
};

const largeBox = (type: string, payloadBytes: number, claimedBytes: number) => {
  const bytes = Buffer.alloc(16 + payloadBytes);
  bytes.writeUInt32BE(1, 0);
  bytes.write(type, 4, "latin1");
  bytes.writeBigUInt64BE(BigInt(claimedBytes), 8);
  return bytes;
};

const walk = (...parts: Buffer[]) => {
  const path = join(directory, "file");
  writeFileSync(path, Buffer.concat(parts));
  return walkBoxes(path);
};

test.each([
  {
    name: "a whole file lacks nothing",
    parts: [box("ftyp", 8), box("moov", 20), box("mdat", 100)],
    expected: { isoBaseMedia: true, types: ["ftyp", "moov", "mdat"], missingBytes: 0 },
  },
  {
    name: "a cut file lacks what its last box claims",
    parts: [box("ftyp", 8), box("moov", 20), box("mdat", 100, 1108)],
    expected: { isoBaseMedia: true, types: ["ftyp", "moov", "mdat"], missingBytes: 1000 },
  },
  {
    name: "a size of 64 bits is followed",
    parts: [box("ftyp", 8), largeBox("mdat", 4, 5_000_000_020), box("moov", 0)],
    expected: { isoBaseMedia: true, types: ["ftyp", "mdat"], missingBytes: 5_000_000_020 - 28 },
  },
  {
    name: "a size of 0 extends to the end",
    parts: [box("ftyp", 8), box("mdat", 64, 0)],
    expected: { isoBaseMedia: true, types: ["ftyp", "mdat"], missingBytes: 0 },
  },
  {
    name: "zeros after the last box are padding",
    parts: [box("ftyp", 8), box("moov", 4), Buffer.alloc(64)],
    expected: { isoBaseMedia: true, types: ["ftyp", "moov"], missingBytes: 0 },
  },
  {
    name: "text is no such file",
    parts: [Buffer.from("#EXTM3U\nfile:///etc/passwd\n")],
    expected: { isoBaseMedia: false, types: [], missingBytes: 0 },
  },
  {
    name: "an empty file is no such file",
    parts: [],
    expected: { isoBaseMedia: false, types: [], missingBytes: 0 },
  },
])("$name", async ({ parts, expected }) => expect(await walk(...parts)).toEqual(expected));

test.each([
  { types: ["ftyp", "moov", "mdat"], expected: true },
  { types: ["ftyp", "mdat", "moov"], expected: false },
  { types: ["ftyp", "mdat"], expected: false },
])("$types starts fast: $expected", ({ types, expected }) =>
  expect(startsFast({ isoBaseMedia: true, types, missingBytes: 0 })).toBe(expected),
);
