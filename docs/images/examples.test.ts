import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { imageOutput } from "../../crds/outputs/image.ts";

/** The page that shows each field of an image output: complete, and with pictures that can be opened. */
const docs = resolve(import.meta.dirname, "..");
const page = readFileSync(join(docs, "image-fields.md"), "utf8");
const fields = Object.keys(imageOutput.shape);
const pictures = readdirSync(import.meta.dirname).filter((name) => !name.endsWith(".ts"));

describe.each(fields)("%s", (field) => {
  const row = page.split("\n").find((line) => line.startsWith(`| \`${field}\` |`));
  const [, picture = ""] = row?.match(/!\[[^\]]*\]\((images\/[^)]+)\)/) ?? [];

  test("is on the page, with a value that sets it and with its description as in the API", () => {
    expect(row).toMatch(new RegExp(`\`\\{.*\\b${field}: .*\\}\``));
    const { description = "" } = imageOutput.shape[field as keyof typeof imageOutput.shape];
    expect(row, "run `npm run docs:images`").toContain(description.replaceAll("|", "\\|"));
  });

  test("has a picture that can be opened", async () => {
    expect(picture).not.toBe("");
    expect((await sharp(join(docs, picture)).metadata()).width).toBeGreaterThan(20);
  });
});

test("no picture is left over, and all together weigh less than 2 MB", () => {
  for (const name of pictures) expect(page).toContain(`(images/${name})`);
  expect(existsSync(join(import.meta.dirname, "make.ts"))).toBe(true);
  const bytes = pictures.reduce((sum, name) => sum + statSync(join(import.meta.dirname, name)).size, 0);
  expect(bytes).toBeLessThan(2 * 2 ** 20);
});
