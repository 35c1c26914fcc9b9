import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyImage } from "./verify.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mediajob-verify-"));
});
afterAll(() => rm(directory, { recursive: true }));

const picture = sharp({ create: { width: 20, height: 10, channels: 3, background: "teal" } });
const claimed = { format: "avif", width: 20, height: 10 };

/** Writes bytes as a finished file, and looks at it. */
async function verify(content: Buffer, as: object = {}): Promise<void> {
  const path = join(directory, "finished");
  await writeFile(path, content);
  await verifyImage(path, { ...claimed, ...as });
}

test.each(["jpeg", "png", "webp", "avif", "tiff", "gif"] as const)("a %s is what it is", async (format) => {
  await verify(await picture.clone().toFormat(format).toBuffer(), { format });
});

test.each([
  {
    name: "of another format",
    content: () => picture.clone().webp().toBuffer(),
    says: "format webp where avif",
  },
  {
    name: "of another width",
    content: () => picture.clone().resize(19, 10).avif().toBuffer(),
    says: "width 19 where 20",
  },
  {
    name: "of another height",
    content: () => picture.clone().resize(20, 9).avif().toBuffer(),
    says: "height 9 where 10",
  },
  { name: "that does not open", content: async () => Buffer.from("pixels"), says: "format Input file" },
])("a finished file $name is refused", async ({ content, says }) => {
  await expect(verify(await content())).rejects.toMatchObject({
    reason: "VerificationFailed",
    message: expect.stringContaining(says),
  });
});
