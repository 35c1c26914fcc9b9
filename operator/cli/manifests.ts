import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { LineCounter, parseAllDocuments } from "yaml";
import type { MediaJob } from "../../crds/media-job.ts";
import { validateMediaJob } from "../../crds/validate.ts";
import { defaultConfiguration } from "../core/configuration.ts";
import { plan } from "../core/plan/plan.ts";
import { UsageError } from "./exit-codes.ts";

/** One YAML document of a manifest file: a valid MediaJob, or what is wrong with it. */
export interface ManifestDocument {
  /** File with the line on which the document starts, e.g. `first.yaml:12`. */
  where: string;
  name: string;
  job?: MediaJob;
  errors: { path: string; message: string }[];
}

/**
 * Reads every document of a file, or of standard input for `-`. JSON is YAML too.
 *
 * @throws UsageError when the file cannot be read.
 */
export async function readManifests(file: string): Promise<ManifestDocument[]> {
  const label = file === "-" ? "stdin" : file;
  const content =
    file === "-" ? await text(process.stdin) : await readFile(file, "utf8").catch(unreadable(file));
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(content, { lineCounter, version: "1.1" }); // as kubectl reads it: yes and on are true
  if (!Array.isArray(documents) || documents.length === 0) {
    return [{ where: label, name: "", errors: [{ path: "", message: "the file holds no document" }] }];
  }
  return documents
    .filter((document) => document.contents !== null || document.errors.length > 0)
    .map((document): ManifestDocument => {
      const where = `${label}:${lineCounter.linePos(document.contents?.range?.[0] ?? 0).line}`;
      if (document.errors.length) {
        return { where, name: "", errors: document.errors.map(({ message }) => ({ path: "", message })) };
      }
      const value: unknown = document.toJS();
      const name = nameOf(value);
      const validation = validateMediaJob(value);
      if (!validation.ok) return { where, name, errors: validation.errors };
      const { faults } = plan(validation.value.spec, defaultConfiguration().pools);
      return { where, name, job: validation.value, errors: [...faults] };
    });
}

/**
 * The MediaJobs of a file, when all of them are valid.
 *
 * @throws UsageError with every error otherwise.
 */
export async function readMediaJobs(file: string): Promise<MediaJob[]> {
  const documents = await readManifests(file);
  const faults = documents.flatMap(describeErrors);
  if (faults.length) throw new UsageError(faults.join("\n"));
  return documents.flatMap(({ job }) => (job ? [job] : []));
}

/** A line an error: `first.yaml:1 holiday: spec.outputs[0].image.width: …`. */
export const describeErrors = ({ where, name, errors }: ManifestDocument): string[] =>
  errors.map(({ path, message }) => `${where}${name && ` ${name}`}: ${path && `${path}: `}${message}`);

const nameOf = (value: unknown): string => {
  const { metadata } = (value ?? {}) as { metadata?: { name?: unknown } };
  return typeof metadata?.name === "string" ? metadata.name : "";
};

const unreadable = (file: string) => (error: NodeJS.ErrnoException) => {
  const why = error.code === "ENOENT" ? "there is no such file" : error.message;
  throw new UsageError(`cannot read ${file}: ${why}`);
};
