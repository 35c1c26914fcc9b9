import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { WORKER_RUNTIME_ENV } from "../crds/group.ts";

/** House rules that no linter knows, held as a test. Each says what is wrong and where. */
const repository = resolve(import.meta.dirname, "..");
const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: repository, encoding: "utf8" })
  .split("\0")
  .filter((path) => path && existsSync(resolve(repository, path)));
const sources = tracked.filter((path) => path.endsWith(".ts"));
const contentOf = (path: string) => readFileSync(resolve(repository, path), "utf8");

/** Fields of the API are a table, and a table is best in one piece. */
const TABLES = /^crds\/outputs\//;
const MAX_LINES = 400;

test(`no source file is longer than ${MAX_LINES} lines: look for its second noun`, () => {
  const long = sources
    .filter((path) => !path.endsWith(".test.ts") && !TABLES.test(path))
    .map((path) => ({ path, lines: contentOf(path).split("\n").length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES);
  expect(long).toEqual([]);
});

test("no file is a drawer: name the noun instead", () => {
  const drawer = /^(utils?|helpers?|types?|misc|common|shared|constants)(\.|$)/;
  expect(tracked.filter((path) => path.split("/").some((part) => drawer.test(part)))).toEqual([]);
});

test("files are named in kebab-case", () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/;
  expect(sources.filter((path) => !kebab.test(basename(path)))).toEqual([]);
});

test("no file holds a path of somebody's machine", () => {
  // A home directory with a name in it; `/home/node` is that of the base image.
  const machine = /(?:\/home\/(?!node\b)[a-z][-a-z0-9]*|\/Users\/[A-Za-z]+|\/root)\/[\w.-]+|[A-Z]:\\Users/;
  const text = tracked.filter((path) => !/\.(png|jpe?g|webp|avif|mp4|mov|gz|sum)$/.test(path));
  const found = text.flatMap((path) => {
    const [line] = contentOf(path).match(machine) ?? [];
    return line && path !== "test/tidy.test.ts" ? [`${path}: ${line}`] : [];
  });
  expect(found).toEqual([]);
});

test("no work is left for later in a comment", () => {
  const later = /(\/\/|\*|#).*\b(TODO|FIXME|XXX|HACK)\b/;
  const found = sources.filter((path) => path !== "test/tidy.test.ts" && later.test(contentOf(path)));
  expect(found).toEqual([]);
});

test("the lock file names packages, never the mirror they came from", () => {
  expect(contentOf("package-lock.json")).not.toContain('"resolved": "http');
});

describe("what crds/ and operator/core export is documented:", () => {
  const contract = sources.filter(
    (path) => /^(crds|operator\/core)\//.test(path) && !path.endsWith(".test.ts"),
  );
  test.each(contract)("%s", (path) => expect(undocumented(contentOf(path))).toEqual([]));
});

/** Exported functions, arrow functions too, that have no doc comment just above them. */
function undocumented(source: string): string[] {
  const lines = source.split("\n");
  return lines.flatMap((line, index) => {
    const [, name] =
      line.match(/^export (?:async )?function\*? (\w+)/) ??
      line.match(/^export const (\w+) = (?:async )?\(.*=>/) ??
      [];
    return name && !lines[index - 1]?.trimEnd().endsWith("*/") ? [name] : [];
  });
}

test("a worker's runtime is set alike in a pod and on this machine", () => {
  for (const [name, value] of Object.entries(WORKER_RUNTIME_ENV)) {
    expect(contentOf("Dockerfile.worker")).toContain(`${name}="${value}"`);
  }
});
