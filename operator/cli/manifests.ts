import { closestMatch } from "leven";
import { GROUP } from "../../crds/group.ts";
import { MEDIA_JOB_NAMES, type MediaJob } from "../../crds/media-job.ts";
import { validateMediaJob } from "../../crds/validate.ts";
import { defaultConfiguration } from "../core/configuration.ts";
import { plan } from "../core/plan/plan.ts";
import { UsageError } from "./exit-codes.ts";
import { type Placed, readText, type YamlDocument, yamlDocuments } from "./yaml-file.ts";

/** One object of a manifest file: a valid MediaJob, or what is wrong with it. */
export interface ManifestDocument {
  /** File with the line on which the object starts, e.g. `first.yaml:12`. */
  where: string;
  name: string;
  job?: MediaJob;
  errors: { path: string; message: string }[];
}

/** What a manifest file holds: its MediaJobs, and a line for each object that is not mediajob's to read. */
export interface ManifestFile {
  documents: ManifestDocument[];
  skipped: string[];
}

/**
 * Reads every MediaJob of a file, or of standard input for `-`, and tells on stderr of what else stands there.
 *
 * @throws UsageError when the file cannot be read.
 */
export async function readManifests(file: string): Promise<ManifestDocument[]> {
  const { content, label } = await readText(file);
  const { documents, skipped } = manifestsOf(content, label);
  for (const line of skipped) process.stderr.write(`${line}\n`);
  return documents;
}

/** The MediaJobs of a file's text, those of its Lists too; a text without any is in error. */
export function manifestsOf(content: string, label: string): ManifestFile {
  const documents: ManifestDocument[] = [];
  const skipped: string[] = [];
  for (const placed of yamlDocuments(content, label).flatMap(unwrapped)) {
    if ("value" in placed && isOfAnother(placed.value)) {
      const what = [placed.value.kind, nameOf(placed.value)].filter(Boolean).join(" ");
      skipped.push(`${placed.where}: skips the ${what}: mediajob reads MediaJobs only`);
    } else documents.push(checked(placed));
  }
  if (documents.length === 0) documents.push(faulty(label, "the file holds no MediaJob"));
  return { documents, skipped };
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

function checked(placed: Placed): ManifestDocument {
  const { where } = placed;
  if ("fault" in placed) return faulty(where, placed.fault);
  const name = nameOf(placed.value);
  const validation = validateMediaJob(placed.value);
  if (!validation.ok) return { where, name, errors: validation.errors };
  const { faults } = plan(validation.value.spec, defaultConfiguration().pools);
  return { where, name, job: validation.value, errors: [...faults] };
}

const faulty = (where: string, message: string): ManifestDocument => ({
  where,
  name: "",
  errors: [{ path: "", message }],
});

/** `kubectl get` prints several objects as one List. */
function unwrapped(document: YamlDocument): Placed[] {
  if (!("value" in document)) return [document];
  const { kind, items } = fieldsOf(document.value);
  if ((kind !== "List" && kind !== `${MEDIA_JOB_NAMES.kind}List`) || !Array.isArray(items)) return [document];
  return items.map((value, index) => ({ where: document.whereIs("items", index), value }));
}

/** How many letters may be wrong in a kind that is taken for a MediaJob, so that its writer is told. */
const MAX_TYPOS = 3;

/** Something that `kubectl apply` takes and that was not meant to be a MediaJob. */
function isOfAnother(value: unknown): value is { kind: string } {
  const { apiVersion, kind } = fieldsOf(value);
  if (typeof apiVersion !== "string" || typeof kind !== "string" || apiVersion.startsWith(`${GROUP}/`))
    return false;
  const near = closestMatch(kind.toLowerCase(), [MEDIA_JOB_NAMES.singular], { maxDistance: MAX_TYPOS });
  return near === undefined;
}

/** As the manifest says it; of a generated name only the start is known. */
function nameOf(value: unknown): string {
  const { name, generateName } = fieldsOf(fieldsOf(value).metadata);
  if (typeof name === "string") return name;
  return typeof generateName === "string" ? `${generateName}…` : "";
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
