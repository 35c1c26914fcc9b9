import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/**
 * Arrows between folders go one way, and the core is pure. Biome holds both (biome.json, overrides); this shows
 * that each rule bites.
 */
const REFUSED = [
  {
    file: "crds/a.ts",
    imports: "../operator/core/plan.ts",
    says: "crds/ is what everything else is built on",
  },
  { file: "crds/outputs/b.ts", imports: "../../worker-image/main.ts", says: "crds/ is what everything else" },
  { file: "crds/c.ts", imports: "@kubernetes/client-node", says: "Only operator/kube" },
  { file: "operator/core/a.ts", imports: "../kube/client.ts", says: "Arrows go one way" },
  { file: "operator/core/plan/b.ts", imports: "../../server/main.ts", says: "Arrows go one way" },
  { file: "operator/core/plan/c.ts", imports: "../../main.ts", says: "Arrows go one way" },
  { file: "operator/core/d.ts", imports: "../webhooks/sign.ts", says: "Arrows go one way" },
  { file: "operator/core/e.ts", imports: "../cli/run.ts", says: "Arrows go one way" },
  { file: "operator/core/f.ts", imports: "node:fs", says: "operator/core is pure" },
  { file: "operator/core/g.ts", imports: "node:timers/promises", says: "operator/core is pure" },
  { file: "operator/core/h.ts", imports: "pino", says: "operator/core is pure" },
  { file: "operator/core/i.ts", imports: "@kubernetes/client-node", says: "operator/core is pure" },
  { file: "operator/cli/a.ts", imports: "../../worker-image/main.ts", says: "never import each other" },
  { file: "operator/kube/a.ts", imports: "../../worker-image/main.ts", says: "never import each other" },
  { file: "operator/core/j.ts", imports: "../../worker-image/main.ts", says: "never import each other" },
  { file: "worker-image/a.ts", imports: "../operator/core/plan.ts", says: "never import each other" },
  {
    file: "worker-image/video/ffmpeg.ts",
    imports: "../../operator/main.ts",
    says: "never import each other",
  },
  { file: "operator/server/a.ts", imports: "@kubernetes/client-node", says: "Only operator/kube" },
  { file: "worker-image/b.ts", imports: "@kubernetes/client-node", says: "Only operator/kube" },
  { file: "worker-image/video/a.ts", imports: "fluent-ffmpeg", says: "Only worker-image/video/ffmpeg.ts" },
  { file: "operator/cli/b.ts", imports: "fluent-ffmpeg", says: "Only worker-image/video/ffmpeg.ts" },
  { file: "crds/d.ts", imports: "../test/builders/core.ts", says: "Production code does not import test" },
  { file: "operator/core/k.ts", imports: "../../test/builders/core.ts", says: "Production code does not" },
  { file: "operator/kube/b.ts", imports: "../../test/cluster/until.ts", says: "Production code does not" },
  { file: "worker-image/c.ts", imports: "../test/builders/core.ts", says: "Production code does not" },
];

const ALLOWED = [
  { file: "crds/e.ts", imports: "zod" },
  { file: "operator/core/plan/l.ts", imports: "../../../crds/media-job.ts" },
  { file: "operator/core/plan/m.ts", imports: "../reconcile/decide.ts" },
  { file: "operator/core/plan/n.ts", imports: "zod" },
  { file: "operator/kube/c.ts", imports: "@kubernetes/client-node" },
  { file: "operator/kube/d.ts", imports: "../core/plan/plan.ts" },
  { file: "operator/cli/c.ts", imports: "../kube/client.ts" },
  { file: "worker-image/d.ts", imports: "../crds/unit.ts" },
  { file: "worker-image/video/deep/ffmpeg.ts", imports: "../../../crds/unit.ts" },
  { file: "operator/core/o.test.ts", imports: "../../test/builders/core.ts" },
];

const argument = "operator/core is pure: it takes the time and randomness as arguments";
const IMPURE = [
  { code: "Date.now()", says: argument },
  { code: "new Date()", says: argument },
  { code: "Math.random()", says: argument },
  { code: "performance.now()", says: "the global variable performance" },
  { code: "process.env.HOME", says: "the global variable process" },
  { code: 'fetch("http://127.0.0.1")', says: "the global variable fetch" },
  { code: "crypto.randomUUID()", says: "the global variable crypto" },
  { code: "setTimeout(() => {}, 1)", says: "the global variable setTimeout" },
].map((row, index) => ({ ...row, file: `operator/core/impure-${index}.ts` }));

const PURE = [{ code: "new Date(0).toISOString()", file: "operator/core/pure.ts" }];

const repository = resolve(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "mediajob-lint-"));
let said: Map<string, string>;

beforeAll(async () => {
  mkdirSync(join(directory, "operator/core"), { recursive: true });
  for (const file of ["biome.json", "operator/core/purity.grit"])
    copyFileSync(join(repository, file), join(directory, file));
  for (const { file, imports } of [...REFUSED, ...ALLOWED]) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), `export { thing } from "${imports}";\n`);
  }
  for (const { file, code } of [...IMPURE, ...PURE])
    writeFileSync(join(directory, file), `export const thing = ${code};\n`);
  said = await lint();
});
afterAll(() => rmSync(directory, { recursive: true }));

describe("an import is refused:", () => {
  test.each(REFUSED)("$imports in $file", ({ file, says }) => expect(said.get(file)).toContain(says));
});

describe("an import is allowed:", () => {
  test.each(ALLOWED)("$imports in $file", ({ file }) => expect(said.get(file)).toBeUndefined());
});

describe("in operator/core", () => {
  test.each(IMPURE)("$code is refused", ({ file, says }) => expect(said.get(file)).toContain(says));
  test.each(PURE)("$code is allowed", ({ file }) => expect(said.get(file)).toBeUndefined());
});

/** What Biome says of each file that it finds fault with. */
async function lint(): Promise<Map<string, string>> {
  const biome = join(repository, "node_modules/.bin/biome");
  const args = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none", "."];
  const { promise, resolve: answered } = Promise.withResolvers<string>();
  execFile(biome, args, { cwd: directory }, (_, stdout) => answered(stdout)); // it exits 1 when it finds fault
  const { diagnostics } = JSON.parse(await promise) as { diagnostics: Diagnostic[] };
  return new Map(diagnostics.map(({ location, message }) => [location.path, message]));
}

interface Diagnostic {
  message: string;
  location: { path: string };
}
