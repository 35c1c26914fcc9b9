import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { WORKER_ENV } from "../../../crds/group.ts";
import { type Output, output as outputSchema } from "../../../crds/outputs/output.ts";
import { type UnitResult, unitResult } from "../../../crds/result.ts";
import { type Unit, unit as unitSchema } from "../../../crds/unit.ts";
import { PROGRAMS } from "../../programs.ts";

const CLAIM = "media";

export interface Attempt {
  exitCode: number | null;
  result: UnitResult;
  stderr: string;
  /** Files below the destination, relative to it, without the worker's own. */
  files: string[];
  /** Absolute path of a file at the destination. */
  pathOf(file: string): string;
}

/** A volume on disk, and real worker processes that turn its files into outputs. */
export class Workshop {
  readonly root = mkdtempSync(join(tmpdir(), "mediajob-worker-"));
  readonly sources = join(this.root, "in");
  #attempts = 0;

  constructor() {
    mkdirSync(this.sources);
  }

  /** Puts a copy of `path` among the sources. */
  add(path: string, name = basename(path)): string {
    cpSync(path, join(this.sources, name));
    return name;
  }

  write(name: string, content: Buffer | string): string {
    writeFileSync(join(this.sources, name), content);
    return name;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Runs the worker program on one source; `during` may signal the process. */
  async attempt(
    file: string,
    output: Omit<Partial<Output>, "name"> | Record<string, unknown>,
    {
      during,
      environment = {},
      memoryBytes = 2 ** 31,
      out = `out-${this.#attempts + 1}`,
      unit: fields = {},
    }: {
      during?: (kill: (signal: NodeJS.Signals) => void, scratch: string) => void | Promise<void>;
      environment?: NodeJS.ProcessEnv;
      memoryBytes?: number;
      /** The destination's directory; one of its own unless it is named. */
      out?: string;
      /** Fields of the unit beside the usual ones. */
      unit?: Partial<Unit>;
    } = {},
  ): Promise<Attempt> {
    this.#attempts += 1;
    const scratch = join(this.root, `scratch-${this.#attempts}`);
    mkdirSync(scratch);
    const parsed = outputSchema.parse({ name: "made", ...output });
    const [family] = Object.keys(output);
    const unit = unitSchema.parse({
      version: "v1",
      job: { namespace: "default", name: "job", uid: "uid-1", createdAt: "2026-01-01T00:00:00Z" },
      name: `${family}-0`,
      attempt: 1,
      family,
      sources: [{ name: "source", volume: { claimName: CLAIM, path: `in/${file}` } }],
      outputs: [parsed],
      destination: {
        volume: { claimName: CLAIM, path: out },
        template: "{output}.{ext}",
        onConflict: "Overwrite",
      },
      limits: { cpu: 2, memoryBytes, scratchBytes: 2 ** 30, timeoutSeconds: 300 },
      ...fields,
    });
    writeFileSync(join(scratch, "unit.json"), JSON.stringify(unit));
    const child = spawn(process.execPath, [PROGRAMS.worker], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        [WORKER_ENV.unitFile]: join(scratch, "unit.json"),
        [WORKER_ENV.resultFile]: join(scratch, "result.json"),
        [WORKER_ENV.scratchDir]: scratch,
        [WORKER_ENV.volumes]: JSON.stringify({ [CLAIM]: this.root }),
        ...environment,
      },
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const ended = new Promise<number | null>((done) => child.once("close", done));
    await during?.((signal) => child.kill(signal), scratch);
    const exitCode = await ended;
    const directory = join(this.root, out);
    return {
      exitCode,
      stderr,
      result: unitResult.parse(JSON.parse(readFileSync(join(scratch, "result.json"), "utf8"))),
      files: listed(directory).filter((name) => !name.startsWith(".mediajob")),
      pathOf: (name) => join(directory, name),
    };
  }

  /**
   * Runs the worker program once on many sources, each named by `sourceName`, for many outputs of one family: its start
   * is paid for once. Files are named `OUTPUT-SOURCE.EXT`.
   */
  attemptAll(files: readonly string[], outputs: readonly (Record<string, unknown> & { name: string })[]) {
    const out = `out-${this.#attempts + 1}`;
    const [first] = outputs;
    const { name: _, ...any } = first ?? { name: "" };
    return this.attempt(files[0] ?? "", any, {
      out,
      unit: {
        sources: files.map((file) => ({
          name: sourceName(file),
          volume: { claimName: CLAIM, path: `in/${file}` },
        })),
        outputs: outputs.map((each) => outputSchema.parse(each)),
        destination: {
          volume: { claimName: CLAIM, path: out },
          template: "{output}-{source}.{ext}",
          onConflict: "Overwrite",
        },
      },
    });
  }
}

/** A file's name, as a source may be called. */
export const sourceName = (file: string): string =>
  file
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "");

function listed(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
