import { createDecipheriv, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aMediaFile } from "../../test/builders/stream.ts";
import { encryptSegments, initializationVector } from "./aes-128.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mediajob-aes-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test("each segment decrypts to itself by its own number, and the head stays readable", async () => {
  const media = aMediaFile([500, 320], [6, 4]);
  const content = randomBytes(1820);
  const path = join(directory, "clear.mp4");
  const target = join(directory, "sealed.mp4");
  await writeFile(path, content);
  const key = randomBytes(16);

  const sealed = await encryptSegments(media, { path, target, key });

  const found = await readFile(target);
  expect(found.subarray(0, media.initBytes)).toEqual(content.subarray(0, media.initBytes));
  expect(found.length).toBe(sealed.bytes);
  // PKCS #7 pads to whole blocks, and adds one where nothing was missing.
  expect(sealed.segments).toEqual([
    { offset: 900, bytes: 512, seconds: 6 },
    { offset: 1412, bytes: 336, seconds: 4 },
  ]);
  for (const [number, { offset, bytes }] of sealed.segments.entries()) {
    const decipher = createDecipheriv("aes-128-cbc", key, initializationVector(number));
    const clear = Buffer.concat([decipher.update(found.subarray(offset, offset + bytes)), decipher.final()]);
    const { offset: from, bytes: length } = media.segments[number] ?? { offset: 0, bytes: 0 };
    expect(clear).toEqual(content.subarray(from, from + length));
  }
});

test("a segment's number is the initialization vector, as 128 bits", () => {
  expect(initializationVector(258).toString("hex")).toBe(`${"0".repeat(28)}0102`);
});
