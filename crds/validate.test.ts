import { describe, expect, test } from "vitest";
import type { MediaJob } from "./media-job.ts";
import { PLANNED_FAMILIES } from "./outputs/output.ts";
import { validateMediaJob } from "./validate.ts";

/** A small valid manifest; `spec` and `metadata` replace or add fields. */
function manifest({
  spec = {},
  metadata = {},
  ...root
}: {
  spec?: object;
  metadata?: object;
  [field: string]: unknown;
} = {}): Record<string, unknown> {
  return {
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name: "first", ...metadata },
    spec: {
      sources: [volumeSource("beach")],
      outputs: [{ name: "thumb", image: { format: "webp", width: 320 } }],
      destination: { volume: { claimName: "media", path: "out/" } },
      ...spec,
    },
    ...root,
  };
}

const volumeSource = (name: string, path = `in/${name}.jpg`) => ({
  name,
  volume: { claimName: "media", path },
});
const image = (fields: object) => [{ name: "thumb", image: { format: "webp", ...fields } }];

function accepted(input: unknown, previous?: MediaJob): MediaJob {
  const validation = validateMediaJob(input, previous && { previous });
  if (!validation.ok) throw new Error(JSON.stringify(validation.errors, null, 2));
  return validation.value;
}

function errorsOf(input: unknown, previous?: MediaJob) {
  const validation = validateMediaJob(input, previous && { previous });
  return validation.ok ? [] : validation.errors.map(({ path, message }) => `${path}: ${message}`);
}

test("what breaks two bounds of a field is said once", () => {
  const resources = { maxMemory: "as much as there is in the cluster" };
  expect(errorsOf(manifest({ spec: { resources } }))).toEqual([
    expect.stringContaining("spec.resources.maxMemory: expected a string of 1 to 32 characters"),
  ]);
});

describe("what is wrong is said with its field, what was expected and what came", () => {
  test.each([
    {
      name: "a number out of bounds",
      input: manifest({ spec: { outputs: image({ width: 0 }) } }),
      error: "spec.outputs[0].image.width: expected a whole number from 1 to 16383, got 0",
    },
    {
      name: "a number as text",
      input: manifest({ spec: { outputs: image({ width: "320" }) } }),
      error: 'spec.outputs[0].image.width: expected a whole number from 1 to 16383, got "320"',
    },
    {
      name: "a fraction where a whole number is wanted",
      input: manifest({ spec: { parallelism: 1.5 } }),
      error: "spec.parallelism: expected a whole number from 1 to 1000, got 1.5",
    },
    {
      name: "no memory at all",
      input: manifest({ spec: { resources: { maxMemory: "0Mi" } } }),
      error:
        "spec.resources.maxMemory: must be more than 0, e.g. 4Gi; leave it out where the pool's own limit will do",
    },
    {
      name: "a word in the wrong case",
      input: manifest({ spec: { priority: "high" } }),
      error: 'spec.priority: expected one of Low, Normal, High, Urgent, got "high"; did you mean High?',
    },
    {
      name: "a wrong word in an int-or-string",
      input: manifest({ spec: { outputs: image({ quality: "Hihg" }) } }),
      error:
        'spec.outputs[0].image.quality: expected a whole number from 1 to 100 or one of Low, Medium, High, Maximum, got "Hihg"; did you mean High?',
    },
    {
      name: "a word that YAML takes for a number, unless it is quoted",
      input: manifest({
        spec: { outputs: [{ name: "proxy", video: { container: "mov", codec: "prores", profile: 4444 } }] },
      }),
      error: expect.stringMatching(
        /^spec\.outputs\[0\]\.video\.profile: .*got 4444; write it in quotes: "4444"$/,
      ),
    },
    {
      name: "a misspelt field",
      input: manifest({ spec: { paralelism: 4 } }),
      error: "spec.paralelism: unknown field; did you mean parallelism?",
    },
    {
      name: "a field that is like no other",
      input: manifest({ spec: { placement: { zone: "a" } } }),
      error: "spec.placement.zone: unknown field; spec.placement takes pool, gpu",
    },
    {
      name: "a missing list",
      input: manifest({ spec: { outputs: undefined } }),
      error: "spec.outputs: required: expected a list of 1 to 50 items",
    },
    {
      name: "a list that says null, which is as good as missing",
      input: manifest({ spec: { outputs: null } }),
      error: "spec.outputs: required: expected a list of 1 to 50 items",
    },
    {
      name: "an object where a list is wanted",
      input: manifest({ spec: { sources: volumeSource("beach") } }),
      error: "spec.sources: expected a list of 1 to 10000 items, got an object",
    },
    {
      name: "a name that is too long",
      input: manifest({ spec: { sources: [volumeSource("a".repeat(64), "a.jpg")] } }),
      error: `spec.sources[0].name: expected a string of 1 to 63 characters that matches ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$, got "${"a".repeat(64)}"`,
    },
    {
      name: "a name used twice",
      input: manifest({ spec: { sources: [volumeSource("a"), volumeSource("b"), volumeSource("a")] } }),
      error: 'spec.sources[2].name: Duplicate value: "a" stands in spec.sources[0] already',
    },
    {
      name: "an event named twice in a set",
      input: manifest({
        spec: {
          webhooks: [
            {
              name: "ops",
              url: "https://example.test/hook",
              secretRef: { name: "hook" },
              events: ["job.failed", "job.failed"],
            },
          ],
        },
      }),
      error:
        'spec.webhooks[0].events[1]: Duplicate value: "job.failed" stands in spec.webhooks[0].events[0] already',
    },
    {
      name: "a path that leaves the volume, by a CEL rule",
      input: manifest({ spec: { sources: [volumeSource("a", "in/../../etc/passwd")] } }),
      error: "spec.sources[0].volume.path: must not leave the volume: the segment '..' is not allowed",
    },
    {
      name: "a template that would write two outputs to one file, at the field the rule names",
      input: manifest({
        spec: {
          sources: [volumeSource("a"), volumeSource("b")],
          destination: { volume: { claimName: "media" }, template: "{output}.{ext}" },
        },
      }),
      error:
        "spec.destination.template: destination.template must hold {source} or {index} when an output is made from several sources: their files would overwrite each other",
    },
    ...PLANNED_FAMILIES.map((family) => ({
      name: `the family ${family}, which no worker makes yet, whatever it asks for`,
      input: manifest({ spec: { outputs: [{ name: "later", [family]: { any: "field" } }] } }),
      error: `spec.outputs[0].${family}: the output family ${family} is not available in this version: no worker makes it yet`,
    })),
    {
      name: "an object name that Kubernetes does not take",
      input: manifest({ metadata: { name: "My_Job" } }),
      error:
        "metadata.name: expected lower-case letters, digits, '-' and '.', starting and ending with a letter or digit, got \"My_Job\"",
    },
    {
      name: "a label key with a space",
      input: manifest({ metadata: { labels: { "two words": "x" } } }),
      error:
        "metadata.labels[two words]: expected a label key: letters, digits, '-', '_' and '.', at most 63, after an optional 'domain/', got \"two words\"",
    },
    {
      name: "a label value that is a number",
      input: manifest({ metadata: { labels: { build: 7 } } }),
      error: "metadata.labels.build: expected a value of type string, got 7",
    },
    {
      name: "another kind",
      input: manifest({ kind: "Job" }),
      error: 'kind: expected MediaJob, got "Job"',
    },
    { name: "a text", input: "MediaJob", error: ": expected a MediaJob, which is an object" },
  ])("$name", ({ input, error }) => expect(errorsOf(input)).toEqual([error]));

  test("all of them at once", () => {
    const input = manifest({
      metadata: { name: undefined },
      spec: { outputs: image({ width: 0, colour: "red" }), retry: { maxAttempts: 99 }, bogus: true },
    });
    expect(errorsOf(input).map((error) => error.split(": ")[0])).toEqual([
      "metadata.name",
      "spec.outputs[0].image.width",
      "spec.outputs[0].image.colour",
      "spec.retry.maxAttempts",
      "spec.bogus",
    ]);
  });
});

describe("as on the API server,", () => {
  const leadsOut = [volumeSource("a", "../secret"), volumeSource("a")];

  test.each([
    { name: "a wrong type", spec: { parallelism: "8" } },
    { name: "a wrong type where a word is wanted", spec: { priority: {} } },
    { name: "an unknown word", spec: { priority: "Critical" } },
    { name: "a missing value", spec: { destination: undefined } },
  ])("$name leaves rules for later, but not lists to be looked through for duplicates", ({ spec }) => {
    const validation = validateMediaJob(manifest({ spec: { sources: leadsOut, ...spec } }));
    const told = validation.ok ? [] : validation.errors.map(({ path, later }) => [path, later ?? false]);
    expect(told).toEqual([
      [`spec.${Object.keys(spec)}`, false],
      ["spec.sources[1].name", false],
      ["spec.sources[0].volume.path", true],
    ]);
  });

  const odd = { name: "odd", image: { format: "webp", width: "320" } };
  const rows = { name: "rows", metadata: {} };
  const into = (template: unknown) => ({ volume: { claimName: "media", path: "out/" }, template });
  test.each([
    {
      name: "a rule on what is set is asked, whatever is wrong in it",
      spec: { outputs: [{ ...odd, ...rows }, { name: "none" }, { name: "later", step: {} }] },
      told: ["spec.outputs[0].image.width", "spec.outputs[0]", "spec.outputs[1]", "spec.outputs[2].step"],
    },
    {
      name: "a rule on the whole spec is asked where it reads what is right",
      spec: { outputs: [odd], presetRef: { kind: "MediaPreset", name: "web" } },
      told: ["spec.outputs[0].image.width", "spec.presetRef"],
    },
    {
      name: "a rule on how many there are is asked, whatever is wrong in one of them",
      spec: { outputs: [odd, rows], destination: into("{source}.{ext}") },
      told: ["spec.outputs[0].image.width", "spec.destination.template"],
    },
    {
      name: "a rule is not asked that reads what is wrong",
      spec: { outputs: [{ ...odd, name: "a" }, rows], destination: into(42) },
      told: ["spec.outputs[0].image.width", "spec.destination.template"],
    },
    {
      name: "a rule is not asked that looks into a list in which something is wrong",
      spec: {
        sources: [volumeSource("a"), volumeSource("b")],
        outputs: [odd],
        destination: into("{output}"),
      },
      told: ["spec.outputs[0].image.width"],
    },
    {
      name: "a rule on a list is not asked where there is none",
      spec: { outputs: "thumb", destination: into("{source}.{ext}") },
      told: ["spec.outputs"],
    },
  ])("$name", ({ spec, told }) => {
    const paths = errorsOf(manifest({ spec })).map((error) => error.split(": ")[0]);
    expect(paths.toSorted()).toEqual(told.toSorted());
  });

  test("a number out of bounds does not", () => {
    const errors = errorsOf(manifest({ spec: { sources: leadsOut, parallelism: 0 } }));
    expect(errors).toHaveLength(3);
    expect(errors).toContainEqual(expect.stringContaining("must not leave the volume"));
  });
});

describe("a valid manifest comes back as the API server would keep it", () => {
  test("defaults are filled, also inside objects that were not written", () => {
    const { spec } = accepted(manifest());
    expect(spec).toMatchObject({
      priority: "Normal",
      parallelism: 8,
      retry: { maxAttempts: 3 },
      failurePolicy: { sources: "Continue" },
      webhooks: [],
      destination: { template: "{source}/{output}.{ext}", onConflict: "Overwrite" },
    });
    expect(spec.outputs[0]?.image).toMatchObject({ fit: "cover", position: "centre", width: 320 });
  });

  test("a null means the default, as an empty YAML field does", () => {
    expect(accepted(manifest({ spec: { priority: null, webhooks: null } })).spec).toMatchObject({
      priority: "Normal",
      webhooks: [],
    });
  });

  test("a status is not the writer's to set, so whatever stands there is dropped", () => {
    expect(accepted(manifest({ status: { phase: "Bogus" } }))).not.toHaveProperty("status");
  });

  test("what `kubectl get -o yaml` prints can be given back", () => {
    const metadata = {
      uid: "u",
      resourceVersion: "7",
      creationTimestamp: "2026-01-01T00:00:00Z",
      generation: 1,
    };
    expect(accepted(manifest({ metadata })).metadata).toMatchObject({ name: "first", uid: "u" });
  });

  test("generateName stands for a name", () => {
    const job = accepted(manifest({ metadata: { name: undefined, generateName: "nightly-" } }));
    expect(job.metadata.name).toBe("nightly-local");
  });

  test("a bound on a string counts characters, not UTF-16 units", () => {
    const path = "🏖".repeat(1024);
    expect(accepted(manifest({ spec: { sources: [volumeSource("beach", path)] } }))).toBeTruthy();
    expect(errorsOf(manifest({ spec: { sources: [volumeSource("beach", `${path}🏖`)] } }))).toEqual([
      "spec.sources[0].volume.path: expected a string of 1 to 1024 characters that matches ^[^\\x00]+$, got a string of 1025 characters",
    ]);
  });

  test("the manifest itself is left as it was", () => {
    const input = manifest();
    accepted(input);
    expect(input).toEqual(manifest());
  });
});

describe("an update", () => {
  const twoSources = { sources: [volumeSource("a"), volumeSource("b")] };
  const before = accepted(manifest({ spec: twoSources }));

  test.each([
    { name: "may pause the job", spec: { suspend: true } },
    {
      name: "may write the sources in another order: they are keyed by name",
      spec: { sources: twoSources.sources.toReversed() },
    },
  ])("$name", ({ spec }) =>
    expect(errorsOf(manifest({ spec: { ...twoSources, ...spec } }), before)).toEqual([]),
  );

  test("must not change what work was planned from", () => {
    const changed = manifest({ spec: { sources: [volumeSource("a"), volumeSource("b", "in/other.jpg")] } });
    expect(errorsOf(changed, before)).toEqual([
      "spec.sources: sources is immutable: work is planned from it once; create a new MediaJob instead",
    ]);
  });

  test("must not take a cancel back", () => {
    const cancelled = accepted(manifest({ spec: { cancel: true } }));
    expect(errorsOf(manifest(), cancelled)).toEqual(["spec.cancel: cancel cannot be taken back"]);
  });

  test("of a new object asks nothing about change", () => expect(errorsOf(manifest())).toEqual([]));
});
