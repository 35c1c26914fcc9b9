import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { validateMediaJob } from "../crds/validate.ts";

/** What the docs tell people to write is what the API takes. */

const read = (file: string) => readFileSync(join(import.meta.dirname, "../docs", file), "utf8");

/** Rows `| task | `video: {…}` |`, whose pieces of code are fields of one output; what follows `, or` is told in words. */
const recipes = [
  ...read("video.md").matchAll(/^\| ([^|`]+) \| (`(?:video|audio|frames|metadata|sources): .+) \|$/gm),
];

const volume = (path: string) => ({ claimName: "media", path });

/** A MediaJob whose only output has these fields. */
const jobOf = (...fields: object[]) => ({
  apiVersion: "mediajob.dev/v1alpha1",
  kind: "MediaJob",
  metadata: { name: "recipe" },
  spec: {
    sources: ["intro", "talk", "credits"].map((name) => ({ name, volume: volume(`in/${name}.mov`) })),
    outputs: [Object.assign({ name: "made" }, ...fields)],
    destination: { volume: volume("out/") },
  },
});

describe("recipes of docs/video.md", () => {
  test("are found", () => expect(recipes.length).toBeGreaterThan(20));

  test.each(recipes.map(([, task = "", cell = ""]) => ({ task, cell })))("$task", ({ cell }) => {
    const codes = [...cell.matchAll(/`((?:video|audio|frames|metadata|sources): [^`]+)`/g)];
    expect(validateMediaJob(jobOf(...codes.map(([, code = ""]) => parse(code))))).toMatchObject({ ok: true });
  });
});

test("the YAML of docs/streaming.md is a stream", () => {
  const blocks = [...read("streaming.md").matchAll(/```yaml\n([^`]+)```/g)];
  expect(blocks.length).toBeGreaterThan(0);
  for (const [, yaml = ""] of blocks)
    expect(validateMediaJob(jobOf(parse(yaml)))).toMatchObject({ ok: true });
});
