import { chmod, glob, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

/**
 * Bundles the programs into dist/: `node build.config.ts` all of them, `node build.config.ts worker` one. A program
 * is one file, the parts of it that are loaded only when needed, source maps, and the licences of all it holds.
 */
const entries = {
  operator: "operator/main.ts",
  mediajob: "operator/cli/main.ts",
  worker: "worker-image/main.ts",
};

/** Programs that another one runs as processes of their own, or whoever installs it. */
const parts: Partial<Record<Program, Record<string, string>>> = {
  worker: {
    "worker-svg": "worker-image/image/read/svg-program.ts",
    "worker-note-ffmpeg": "worker-image/video/note-ffmpeg.ts",
  },
};

type Program = keyof typeof entries;

/** zod speaks some fifty languages, half of its code; a worker starts 12 ms sooner with English alone. */
const onlyEnglish: Plugin = {
  name: "only-english",
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
  },
};

/**
 * Of the Kubernetes client only its configuration is used. Its other modules, thousands of them, need not even be
 * read: bundling takes a second instead of nine, and an idle operator 11 MB less.
 */
const onlyConfiguration: Plugin = {
  name: "only-configuration",
  setup({ onLoad }) {
    const exporting = (...modules: string[]) => ({
      contents: modules.map((module) => `export * from "./${module}.js";`).join("\n"),
    });
    onLoad({ filter: /\/client-node\/dist\/index\.js$/ }, () => exporting("config"));
    onLoad({ filter: /\/client-node\/dist\/gen\/index\.js$/ }, () => exporting("configuration", "servers"));
  },
};

const options = {
  absWorkingDir: import.meta.dirname,
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  splitting: true, // `await import()` makes a part of its own, read only when it is reached
  minifyWhitespace: true, // names stay: people read stack traces
  lineLimit: 120, // Node shows the line of a crash, which would be the whole program
  legalComments: "none", // the whole licences are written beside the bundle
  sourcemap: "linked",
  sourcesContent: false,
  metafile: true,
  write: false,
  logLevel: "warning",
  plugins: [onlyEnglish, onlyConfiguration],
  // fluent-ffmpeg would otherwise look for its own coverage build, which is not published.
  define: { "process.env.FLUENTFFMPEG_COV": "undefined" },
  // CommonJS packages within an ES module still `require` Node's own modules, and ask where they are.
  banner: {
    js: 'import{createRequire as nodeRequire}from"node:module";const require=nodeRequire(import.meta.url),__dirname=import.meta.dirname,__filename=import.meta.filename;',
  },
} satisfies BuildOptions;

async function bundle(program: Program): Promise<void> {
  const { metafile, outputFiles } = await build({
    ...options,
    entryPoints: { [program]: entries[program], ...parts[program] },
    // Beside the program: `import.meta.dirname` is one folder for all its code.
    chunkNames: `${program}-[name]-[hash]`,
  });
  const made = new Map(outputFiles.map(({ path, contents }) => [path, Buffer.from(contents)]));
  made.set(inDist(`${program}.licenses.txt`), Buffer.from(await licences(metafile)));
  await mkdir(inDist(""), { recursive: true });
  for (const [path, contents] of made) await writeChanged(path, contents);
  await chmod(inDist(`${program}.js`), 0o755);
  // Parts are named by their hash: old ones would stay.
  for await (const path of glob(inDist(`${program}{.,-}*`))) if (!made.has(path)) await rm(path);
  const files = Object.entries(metafile.outputs).filter(([name]) => name.endsWith(".js"));
  const bytes = files.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  console.log(`dist/${program}.js: ${files.length} file(s), ${Math.ceil(bytes / 1024)} KiB`);
}

/** What stays the same is left alone: a program that runs may be about to read a part of itself. */
async function writeChanged(path: string, contents: Buffer): Promise<void> {
  const known = await readFile(path).catch(() => undefined);
  if (!known?.equals(contents)) await writeFile(path, contents);
}

/** The licence text of every package of which the bundle holds a part, since the licences ask for it. */
async function licences({ outputs }: Metafile): Promise<string> {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
  const packages = new Set(
    inputs.flatMap((input) => input.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []),
  );
  const texts: string[] = [];
  for (const folder of [...packages].sort()) {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text = file ? await readFile(`${folder}/${file}`, "utf8") : "(The package holds no licence text.)";
    texts.push(`${name} ${version}: ${license}\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

const inDist = (name: string) => `${options.absWorkingDir}/${options.outdir}/${name}`;

const isProgram = (name: string): name is Program => Object.hasOwn(entries, name);

process.chdir(options.absWorkingDir); // esbuild names its inputs relative to it
const { positionals: asked } = parseArgs({ allowPositionals: true });
const unknown = asked.filter((name) => !isProgram(name));
if (unknown.length > 0) {
  console.error(`No program is named ${unknown.join(", ")}. There are ${Object.keys(entries).join(", ")}.`);
  process.exit(2);
}
const wanted = (asked.length > 0 ? asked : Object.keys(entries)).filter(isProgram);
for (const program of wanted) await bundle(program);
if (wanted.includes("worker")) await import(inDist("worker-note-ffmpeg.js")); // here it runs beside this machine's ffmpeg
