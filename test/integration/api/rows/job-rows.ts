import { destination, many, webhook } from "../manifest.ts";
import { accepted, type Row, refused } from "../row.ts";

const spec = (fields: object) => ({ spec: fields });
const to = (fields: object) => spec({ destination: destination(fields) });
const hook = (fields: object) => spec({ webhooks: [webhook(fields)] });

/** Destination, and the fields that say how a job is run. */
export const jobRows: Row[] = [
  accepted("only what is required", {}),
  accepted(
    "every field of the job itself",
    spec({
      priority: "Urgent",
      parallelism: 1000,
      failurePolicy: { sources: "FailFast" },
      retry: { maxAttempts: 20 },
      placement: { pool: "fast-cpu", gpu: "Never" },
      resources: { memoryMultiplier: 1.5, maxMemory: "4Gi" },
      suspend: true,
      cancel: false,
      retryGeneration: 0,
      recovery: "Automatic",
      activeDeadlineSeconds: 86_400,
      unitTimeoutSeconds: 60,
      ttlSecondsAfterFinished: 0,
      webhooks: [webhook({ events: ["job.completed", "job.failed"] })],
    }),
  ),
  accepted("a report in every format", spec({ report: { formats: ["json", "csv", "txt"] } })),
  refused("a report in no format", spec({ report: { formats: [] } }), {
    field: "spec.report.formats",
    server: "should have at least 1 items",
    offline: "expected a list of 1 to 3 items",
  }),
  refused("a report in a format nobody writes", spec({ report: { formats: ["pdf"] } }), {
    field: "spec.report.formats[0]",
    server: "Unsupported value",
    offline: "expected one of json, csv, txt",
  }),
  refused("a report twice in one format", spec({ report: { formats: ["csv", "csv"] } }), {
    field: "spec.report.formats[1]",
    server: "Duplicate value",
  }),
  accepted("nulls, which mean the defaults", spec({ priority: null, webhooks: null, retry: null })),
  accepted("a whole number where a fraction may stand", spec({ resources: { memoryMultiplier: 2 } })),
  accepted("a destination at the volume's root", to({ volume: { claimName: "media" } })),
  accepted("a fixed file name for one source and one output", to({ template: "cover.{ext}" })),
  accepted("a name that is the source's file's", to({ template: "{output}/{file}.{ext}" })),
  accepted("a name that the API server completes", {
    metadata: { name: undefined, generateName: "nightly-" },
  }),
  accepted("labels and annotations", {
    metadata: { labels: { "example.test/team": "media", empty: "" }, annotations: { note: "any text: é\n" } },
  }),
  refused("no destination", spec({ destination: undefined }), {
    field: "spec.destination",
    server: "Required value",
    offline: "required",
  }),
  refused("a destination without a place", to({ volume: undefined }), {
    field: "spec.destination",
    server: "set volume, the only kind",
  }),
  refused(
    "a destination that leads out of the volume",
    to({ volume: { claimName: "media", path: "a/../.." } }),
    {
      field: "spec.destination.volume.path",
      server: "the segment '..' is not allowed",
    },
  ),
  refused("an empty template", to({ template: "" }), {
    field: "spec.destination.template",
    server: "should be at least 1 chars long",
    offline: "a string of 1 to 512 characters",
  }),
  refused("a conflict policy in lower case", to({ onConflict: "overwrite" }), {
    field: "spec.destination.onConflict",
    server: "Unsupported value",
    offline: "did you mean Overwrite?",
  }),
  refused("an unknown priority", spec({ priority: "Critical" }), {
    field: "spec.priority",
    server: "Unsupported value",
    offline: "expected one of Low, Normal, High, Urgent",
  }),
  refused("no parallelism at all", spec({ parallelism: 0 }), {
    field: "spec.parallelism",
    server: "should be greater than or equal to 1",
    offline: "got 0",
  }),
  refused("parallelism as text", spec({ parallelism: "8" }), {
    field: "spec.parallelism",
    server: "must be of type integer",
    offline: 'got "8"',
  }),
  refused("suspend as text", spec({ suspend: "true" }), {
    field: "spec.suspend",
    server: "must be of type boolean",
    offline: "expected true or false",
  }),
  refused("21 attempts", spec({ retry: { maxAttempts: 21 } }), {
    field: "spec.retry.maxAttempts",
    server: "should be less than or equal to 20",
    offline: "got 21",
  }),
  refused("a memory multiplier of a tenth", spec({ resources: { memoryMultiplier: 0.1 } }), {
    field: "spec.resources.memoryMultiplier",
    server: "should be greater than or equal to 0.5",
    offline: "a number from 0.5 to 16",
  }),
  refused("memory in units that Kubernetes does not have", spec({ resources: { maxMemory: "4GB" } }), {
    field: "spec.resources.maxMemory",
    server: "should match",
    offline: "that matches",
  }),
  ...["0", "0Mi", "0.0Gi"].map((maxMemory) =>
    refused(`${maxMemory} of memory`, spec({ resources: { maxMemory } }), {
      field: "spec.resources.maxMemory",
      server: "must be more than 0, e.g. 4Gi",
    }),
  ),
  refused("less than no memory", spec({ resources: { maxMemory: "-1Gi" } }), {
    field: "spec.resources.maxMemory",
    server: "should match",
    offline: "that matches",
  }),
  refused("memory in thousandths of a byte", spec({ resources: { maxMemory: "512m" } }), {
    field: "spec.resources.maxMemory",
    server: "write Mi for mebibytes",
  }),
  refused("a deadline of no time", spec({ activeDeadlineSeconds: 0 }), {
    field: "spec.activeDeadlineSeconds",
    server: "should be greater than or equal to 1",
    offline: "got 0",
  }),
  refused("a unit timeout of more than a week", spec({ unitTimeoutSeconds: 604_801 }), {
    field: "spec.unitTimeoutSeconds",
    server: "should be less than or equal to 604800",
    offline: "got 604801",
  }),
  refused("a negative time to live", spec({ ttlSecondsAfterFinished: -1 }), {
    field: "spec.ttlSecondsAfterFinished",
    server: "should be greater than or equal to 0",
    offline: "got -1",
  }),
  refused("an unknown GPU wish", spec({ placement: { gpu: "Always" } }), {
    field: "spec.placement.gpu",
    server: "Unsupported value",
    offline: "expected one of Prefer, Require, Never",
  }),
  refused("a misspelt field", spec({ paralellism: 3 }), {
    field: "spec.paralellism",
    server: "unknown field",
    offline: "unknown field; did you mean parallelism?",
  }),
  refused("a webhook to a file", hook({ url: "file:///etc/passwd" }), {
    field: "spec.webhooks[0].url",
    server: "must begin with https:// or http://",
    offline: "must begin with https:// or http://",
  }),
  refused("a webhook with a password in its URL", hook({ url: "https://me:secret@hooks.example/" }), {
    field: "spec.webhooks[0].url",
    server: "must hold no user and no password",
    offline: "must hold no user and no password",
  }),
  refused("a webhook with a space in its URL", hook({ url: "https://hooks.example/a b" }), {
    field: "spec.webhooks[0].url",
    server: "write a space as %20",
    offline: "write a space as %20",
  }),
  refused("a webhook without a host", hook({ url: "https:///hook" }), {
    field: "spec.webhooks[0].url",
    server: "must name a host",
    offline: "must name a host",
  }),
  refused("a webhook whose port is a word", hook({ url: "http://hooks.example:http/" }), {
    field: "spec.webhooks[0].url",
    server: "must name a host, and may name a port",
    offline: "must name a host, and may name a port",
  }),
  accepted(
    "a webhook with a port, a query and an @ in it",
    hook({ url: "https://hooks.example:8443/a@b?c=d@e" }),
  ),
  accepted("a webhook at an IPv6 address", hook({ url: "http://[2001:db8::1]:8080/hook" })),
  accepted("a webhook that is a bare host", hook({ url: "https://hooks.example" })),
  refused("progress by steps of nothing", hook({ progressStep: 0 }), {
    field: "spec.webhooks[0].progressStep",
    server: "greater than or equal to 1",
    offline: "from 1 to 50, got 0",
  }),
  refused("a webhook without a secret", hook({ secretRef: undefined }), {
    field: "spec.webhooks[0].secretRef",
    server: "Required value",
    offline: "required",
  }),
  refused("a webhook for an event that does not exist", hook({ events: ["job.exploded"] }), {
    field: "spec.webhooks[0].events[0]",
    server: "Unsupported value",
    offline: "expected one of job.queued",
  }),
  refused("a webhook with one event twice", hook({ events: ["job.failed", "job.failed"] }), {
    field: "spec.webhooks[0].events[1]",
    server: "Duplicate value",
  }),
  refused("two webhooks of one name", spec({ webhooks: [webhook(), webhook()] }), {
    field: "spec.webhooks[1]",
    server: "Duplicate value",
  }),
  refused("eleven webhooks", spec({ webhooks: many(11, (index) => webhook({ name: `hook-${index}` })) }), {
    field: "spec.webhooks",
    server: "must have at most 10 items",
    offline: "got a list of 11 items",
  }),
  refused(
    "a name in capitals",
    { metadata: { name: "First" } },
    {
      field: "metadata.name",
      server: "RFC 1123 subdomain",
      offline: "lower-case letters",
    },
  ),
  refused(
    "no name",
    { metadata: { name: undefined } },
    {
      field: "metadata.name",
      server: "name or generateName is required",
      offline: "a name, or generateName",
    },
  ),
  refused(
    "a label value with a space",
    { metadata: { labels: { team: "media people" } } },
    {
      field: "metadata.labels",
      server: "a valid label must be",
      offline: "a label value",
    },
  ),
  refused(
    "a label key with a space",
    { metadata: { labels: { "my team": "media" } } },
    {
      field: "metadata.labels",
      server: "name part must consist of",
      offline: "a label key",
    },
  ),
  refused(
    "an unknown field of metadata",
    { metadata: { lables: {} } },
    {
      field: "metadata.lables",
      server: "unknown field",
      offline: "unknown field; did you mean labels?",
    },
  ),
];
