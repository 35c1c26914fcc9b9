import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { command } from "../cluster/command.ts";

test("the demo makes every output, lists them in a table, and shows each on a page", async () => {
  const printed = await command(process.execPath, [join(import.meta.dirname, "../../examples/demo.ts")]);
  const [table = ""] = /^OUTPUT.*?(?=^first:)/ms.exec(printed) ?? [];
  const outputs = ["dogs/thumb", "dogs/large", "meadow/thumb", "meadow/large", "walk/web"];
  expect(table.match(/^\w+\/\w+/gm)).toEqual(outputs);
  expect(printed).toContain("first: Succeeded");

  const [, page = ""] = /^Look at the results: (.+)$/m.exec(printed) ?? [];
  const html = readFileSync(page, "utf8");
  const shown = [...html.matchAll(/<(img|video) src="([^"]+)"/g)].map(([, tag, path = ""]) => ({
    tag,
    file: join(dirname(page), path),
  }));
  expect(shown.map(({ tag }) => tag)).toEqual(["img", "img", "img", "img", "video"]);
  const sizes = shown
    .filter(({ tag }) => tag === "img")
    .map(async ({ file }) => {
      const { width, height } = await sharp(file).metadata();
      return `${width} × ${height}`;
    });
  for (const size of await Promise.all(sizes)) expect(html).toContain(size);
  expect(readFileSync(shown.at(-1)?.file ?? "").toString("latin1", 4, 8)).toBe("ftyp");
});
