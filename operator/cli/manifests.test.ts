import { expect, test } from "vitest";
import { describeErrors, manifestsOf } from "./manifests.ts";

const SPEC = `spec:
  sources: [{ name: beach, volume: { claimName: media, path: beach.jpg } }]
  outputs: [{ name: thumb, image: { format: webp } }]
  destination: { volume: { claimName: media, path: out } }
`;
const object = (kind: string, metadata: string, more = "", apiVersion = "mediajob.dev/v1alpha1") =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { ${metadata} }\n${more}`;
const mediaJob = (metadata = "name: holiday") => object("MediaJob", metadata, SPEC);
const claim = (metadata: string) =>
  object("PersistentVolumeClaim", metadata, "spec: { volumeName: media }\n", "v1");
/** Objects as items of a List, by two more blanks. */
const listed = (kind: string, apiVersion: string, ...objects: string[]) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nitems:\n${objects.map((text) => `  - ${text.trimEnd().replaceAll("\n", "\n    ")}\n`).join("")}`;

/** What is read, what is wrong and what is skipped, as it is told. */
function told(...documents: string[]) {
  const { documents: read, skipped } = manifestsOf(documents.join("---\n"), "got.yaml");
  const names = read.flatMap(({ where, name, job }) => (job ? [`${where} ${name}`] : []));
  return { read: names, errors: read.flatMap(describeErrors), skipped };
}

test.each([
  { name: "two documents", text: [mediaJob(), mediaJob("name: other")], read: ["1 holiday", "9 other"] },
  {
    name: "what kubectl prints of several",
    text: [listed("List", "v1", mediaJob(), mediaJob("name: other, uid: a, resourceVersion: '7'"))],
    read: ["4 holiday", "11 other"],
  },
  {
    name: "what the API server answers",
    text: [listed("MediaJobList", "mediajob.dev/v1alpha1", mediaJob())],
    read: ["4 holiday"],
  },
  {
    name: "a name that the API server would choose",
    text: [mediaJob("generateName: holiday-")],
    read: ["1 holiday-…"],
  },
  { name: "empty documents beside", text: ["# nothing\n", mediaJob(), "\n"], read: ["3 holiday"] },
])("of $name each MediaJob is read", ({ text, read }) => {
  expect(told(...text)).toEqual({ read: read.map((row) => `got.yaml:${row}`), errors: [], skipped: [] });
});

test.each([
  { name: "a document", text: [claim("name: media"), mediaJob()], line: 1 },
  { name: "an item of a List", text: [listed("List", "v1", mediaJob(), claim("name: media"))], line: 11 },
])("$name of another kind is skipped with a line that says so", ({ text, line }) => {
  expect(told(...text)).toMatchObject({
    read: [expect.stringContaining("holiday")],
    errors: [],
    skipped: [`got.yaml:${line}: skips the PersistentVolumeClaim media: mediajob reads MediaJobs only`],
  });
});

test.each([
  { name: "a mistyped kind", text: object("MediaJbo", "name: a", SPEC), path: "kind" },
  {
    name: "a mistyped group",
    text: object("MediaJob", "name: a", SPEC, "mediajobs.dev/v1alpha1"),
    path: "apiVersion",
  },
  { name: "another kind of ours", text: object("Preset", "name: a", SPEC), path: "kind" },
  { name: "no kind", text: `apiVersion: v1\nmetadata: { name: a }\n${SPEC}`, path: "kind" },
])("$name is meant to be a MediaJob, and so is in error", ({ text, path }) => {
  const { errors, skipped } = told(text);
  expect(errors).toContainEqual(expect.stringContaining(`got.yaml:1 a: ${path}: `));
  expect(skipped).toEqual([]);
});

test.each([
  { name: "nothing", text: "" },
  { name: "an empty document", text: "---\n# nothing\n" },
  { name: "an empty List", text: "apiVersion: v1\nkind: List\nitems: []\n" },
  { name: "other kinds alone", text: claim("name: media") },
])("a file of $name is in error", ({ text }) => {
  expect(told(text)).toMatchObject({ read: [], errors: ["got.yaml: the file holds no MediaJob"] });
});

const bomb = [..."bcdefghij"].reduce(
  (text, name, index) => `${text}${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[index]}`).join(", ")}]\n`,
  "a: &a [x]\n",
);

test.each([
  {
    name: "an error of syntax, where it is and not where its document starts",
    text: "kind: MediaJob\nmetadata:\n  name: [a\n",
    error: /^got\.yaml:4:1: Flow sequence .* end with a \]$/,
  },
  {
    name: "an alias of nothing",
    text: "metadata: *gone\n",
    error: /^got\.yaml:1: Unresolved alias .*: gone$/,
  },
  { name: "aliases that fill the memory", text: bomb, error: /^got\.yaml:1: Excessive alias count / },
])("YAML that cannot be read is told by its line: $name", ({ text, error }) => {
  expect(told(text).errors).toEqual([expect.stringMatching(error)]);
});
