import { z } from "zod";
import { destination } from "./destination.ts";
import { REPORT_FORMATS } from "./finalize.ts";
import { mediaJobStatus } from "./media-job-status.ts";
import { output } from "./outputs/output.ts";
import { itemName, objectName, quantity } from "./scalars.ts";
import { source } from "./source.ts";
import { optionalTransitionRules, withTransitionRules } from "./transitions.ts";
import { keyedByName, type Rule, validations } from "./validation.ts";
import { webhookUrl } from "./webhook-url.ts";

/** The phase transitions a webhook is told of. */
export const TRANSITION_EVENTS = [
  "job.queued",
  "job.started",
  "job.suspended",
  "job.resumed",
  "job.recovery_required",
  "job.completed",
  "job.completed_with_warnings",
  "job.failed",
  "job.cancelled",
] as const;

/**
 * What happens between transitions. There can be many of these, so an endpoint must ask for them, and they give
 * way when too many wait.
 */
export const DETAIL_EVENTS = ["job.progress", "unit.failed", "unit.retrying", "output.ready"] as const;

/** All that a webhook can be told of. */
export const WEBHOOK_EVENTS = [...TRANSITION_EVENTS, ...DETAIL_EVENTS] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** Default of `progressStep`. */
export const PROGRESS_STEP = 25;

export const webhook = z
  .strictObject({
    name: itemName.describe("name of the endpoint, unique within the MediaJob."),
    url: webhookUrl.describe(
      "url that receives the events by POST: http or https, and no user or password in it.",
    ),
    secretRef: z
      .strictObject({
        name: objectName.describe("name of the Secret, in the MediaJob's namespace."),
        key: z
          .string()
          .min(1)
          .max(253)
          .regex(/^[-._a-zA-Z0-9]+$/)
          .default("secret")
          .describe("key in the Secret's data. Default secret."),
      })
      .describe(
        "secretRef names the signing secret: a Standard Webhooks secret, base64 with or without the prefix `whsec_`. Several, separated by spaces, sign each event several times: so a secret is rotated.",
      ),
    events: z
      .array(z.enum(WEBHOOK_EVENTS))
      .max(32)
      .optional()
      .meta({ "x-kubernetes-list-type": "set" })
      .describe(
        "events to send. When unset all transitions of the MediaJob; job.progress, unit.failed, unit.retrying and output.ready only when named.",
      ),
    progressStep: z
      .int()
      .min(1)
      .max(50)
      .optional()
      .describe(
        "progressStep in percent: job.progress is sent when progress passes a multiple of it. Default 25.",
      ),
  })
  .describe("An endpoint that is told of the MediaJob's transitions, signed as Standard Webhooks describe.");
export type Webhook = z.output<typeof webhook>;

const specFields = {
  sources: z
    .array(source)
    .min(1)
    .max(10_000)
    .meta(keyedByName)
    .describe(
      "sources are the media files to read, 1 to 10000. Immutable; written in another order later, they go on counting in the order in which they were planned.",
    ),
  outputs: z
    .array(output)
    .min(1)
    .max(50)
    .meta(keyedByName)
    .describe("outputs are made from every source, 1 to 50. Immutable."),
  destination: destination.describe("destination receives the outputs. Immutable."),
  priority: z
    .enum(["Low", "Normal", "High", "Urgent"])
    .default("Normal")
    .describe("priority orders the MediaJobs that wait: Urgent, High, Normal, Low. Default Normal."),
  parallelism: z
    .int()
    .min(1)
    .max(1000)
    .default(8)
    .describe("parallelism is how many units of this MediaJob run at once. Default 8."),
  failurePolicy: z
    .strictObject({
      sources: z
        .enum(["Continue", "FailFast"])
        .default("Continue")
        .describe(
          "sources: Continue does the rest when one source fails; FailFast stops what has not started. Default Continue.",
        ),
    })
    .prefault({})
    .describe("failurePolicy says what one failure means for the rest. Immutable."),
  retry: z
    .strictObject({
      maxAttempts: z
        .int()
        .min(1)
        .max(20)
        .default(3)
        .describe(
          "maxAttempts is how often a unit is tried before it is given up. Disruptions are not counted, nor is an accelerator that fails where the unit may do without. Default 3.",
        ),
    })
    .prefault({})
    .describe("retry bounds the attempts of each unit. Immutable."),
  placement: z
    .strictObject({
      pool: itemName
        .optional()
        .describe(
          "pool pins the work to one pool of the operator's configuration. Any pool that fits when unset. Where gpu is Prefer, work that gets no accelerator there is made without one in any pool that fits.",
        ),
      gpu: z
        .enum(["Prefer", "Require", "Never"])
        .default("Prefer")
        .describe(
          "gpu: Prefer uses a GPU pool where the work gains from it, Require fails without one, Never keeps off them. Default Prefer.",
        ),
    })
    .prefault({})
    .describe("placement chooses the node pool. Immutable."),
  resources: z
    .strictObject({
      memoryMultiplier: z
        .number()
        .min(0.5)
        .max(16)
        .optional()
        .describe("memoryMultiplier scales the memory estimate of every unit. Default 1."),
      maxMemory: quantity
        .meta(
          validations(
            {
              rule: "self.matches('[1-9]')",
              message: "must be more than 0, e.g. 4Gi; leave it out where the pool's own limit will do",
            },
            {
              rule: "!self.endsWith('m')",
              message: "the suffix m means thousandths of a byte; write Mi for mebibytes",
            },
          ),
        )
        .optional()
        .describe(
          "maxMemory bounds what a unit may ask for, as a Kubernetes quantity, e.g. 4Gi. The pool's own limit when unset.",
        ),
    })
    .prefault({})
    .describe("resources correct the estimates; rarely needed. Immutable."),
  suspend: z
    .boolean()
    .default(false)
    .describe("suspend pauses the MediaJob: running units finish, none start. Default false."),
  cancel: z
    .boolean()
    .default(false)
    .describe(
      "cancel ends the MediaJob for good: running units are stopped, finished outputs stay. Cannot be taken back. Default false.",
    ),
  retryGeneration: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe(
      "retryGeneration, when raised, runs the failed units again; completed ones never run again. Default 0.",
    ),
  recovery: z
    .enum(["Automatic", "Manual"])
    .default("Automatic")
    .describe(
      "recovery: Automatic runs lost work again at once; Manual holds it in the phase RecoveryRequired until a person raises retryGeneration. Default Automatic. Immutable.",
    ),
  presetRef: z
    .strictObject({
      kind: z
        .enum(["MediaPreset", "ClusterMediaPreset"])
        .describe("kind of the preset: MediaPreset or ClusterMediaPreset."),
      name: objectName.describe("name of the preset."),
    })
    .optional()
    .describe("presetRef starts from a preset; not available in this version. Immutable."),
  report: z
    .strictObject({
      formats: z
        .array(z.enum(REPORT_FORMATS))
        .min(1)
        .max(3)
        .meta({ "x-kubernetes-list-type": "set" })
        .describe(
          "formats of the report, at least one: json holds everything, csv a row for each output, txt a page for people.",
        ),
    })
    .optional()
    .describe(
      "report is written once all work has ended, well or not, beside the outputs as NAME.report.json, .csv and .txt, NAME being the MediaJob's; a report of that name is replaced. None is written when unset. Immutable.",
    ),
  activeDeadlineSeconds: z
    .int()
    .min(1)
    .max(31_536_000)
    .optional()
    .describe(
      "activeDeadlineSeconds bounds the MediaJob's time from its start, and again from each retry after its end and each time it goes on after it was suspended, in seconds; then it fails. While it is suspended no time counts. No bound when unset. Immutable.",
    ),
  unitTimeoutSeconds: z
    .int()
    .min(1)
    .max(604_800)
    .default(3600)
    .describe(
      "unitTimeoutSeconds bounds each attempt of a unit, in seconds from when its worker starts: waiting for a node or for the image does not count. Default 3600. Immutable.",
    ),
  ttlSecondsAfterFinished: z
    .int()
    .min(0)
    .max(31_536_000)
    .optional()
    .describe(
      "ttlSecondsAfterFinished deletes the MediaJob this many seconds after it finished, and not before its webhooks have got their events, each of which is tried for up to an hour; outputs stay. Kept when unset.",
    ),
  webhooks: z
    .array(webhook)
    .max(10)
    .default([])
    .meta(keyedByName)
    .describe("webhooks are told of the MediaJob's transitions, at most 10."),
  webhookReplayGeneration: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe(
      "webhookReplayGeneration, when raised, sends the events again that were given up, and enables endpoints that answered 410. Default 0.",
    ),
};

const notYet = (field: string, rule: string): Rule => ({
  rule,
  message: `${field} is not available in this version`,
  fieldPath: `.${field}`,
  reason: "FieldValueForbidden",
});

export const mediaJobSpec = z
  .strictObject(withTransitionRules(specFields))
  .meta(
    validations(
      ...optionalTransitionRules(specFields),
      notYet("presetRef", "!has(self.presetRef)"),
      {
        rule: "size(self.sources) == 1 || self.destination.template.contains('{source}') || self.destination.template.contains('{index}') || self.outputs.all(output, has(output.sources) && size(output.sources) == 1)",
        message:
          "destination.template must hold {source} or {index} when an output is made from several sources: their files would overwrite each other",
        fieldPath: ".destination.template",
        reason: "FieldValueInvalid",
      },
      {
        rule: "size(self.outputs) == 1 || self.destination.template.contains('{output}')",
        message:
          "destination.template must hold {output} when there are several outputs: they would overwrite each other",
        fieldPath: ".destination.template",
        reason: "FieldValueInvalid",
      },
    ),
  )
  .describe("spec is what the user wants.");

export type MediaJobSpec = z.output<typeof mediaJobSpec>;

/** What the API server keeps about every object; the parts that are read here. */
const objectMeta = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.int().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** The MediaJob kind, as the CRD generator and `mediajob validate` read it. */
export const mediaJob = z
  .strictObject({
    apiVersion: z.literal("mediajob.dev/v1alpha1"),
    kind: z.literal("MediaJob"),
    metadata: objectMeta,
    spec: mediaJobSpec,
    // The operator alone writes it, always whole: so the API server keeps no record of who set which of its fields, which
    // it would work out anew at every write (measured with 1.34: a quarter of what a write of the status costs it).
    status: mediaJobStatus.meta({ "x-kubernetes-map-type": "atomic" }).optional(),
  })
  .describe("MediaJob turns media sources into the wanted outputs at a destination.");

export type MediaJob = z.output<typeof mediaJob>;

export const MEDIA_JOB_NAMES = {
  kind: "MediaJob",
  plural: "mediajobs",
  singular: "mediajob",
  shortNames: ["mj"],
  categories: ["media"],
} as const;

/** Columns of `kubectl get mediajobs`; priority 1 are those of `-o wide`. */
export const MEDIA_JOB_COLUMNS = [
  { name: "Phase", type: "string", jsonPath: ".status.phase", description: "Where the MediaJob stands." },
  {
    name: "Progress",
    type: "string",
    jsonPath: ".status.progress.display",
    description: "Share of the estimated work that is done.",
  },
  {
    name: "Done",
    type: "string",
    jsonPath: ".status.units.done",
    description: "Finished units of all units.",
  },
  {
    name: "Queue",
    type: "string",
    jsonPath: ".status.queue.reason",
    priority: 1,
    description: "Why units wait.",
  },
  {
    name: "Stage",
    type: "string",
    jsonPath: ".status.progress.stage",
    priority: 1,
    description: "Stage of the unit that reported last.",
  },
  {
    name: "ETA",
    type: "integer",
    jsonPath: ".status.progress.etaSeconds",
    priority: 1,
    description: "Seconds until the end, estimated.",
  },
  {
    name: "Message",
    type: "string",
    jsonPath: ".status.conditions[?(@.type=='Ready')].message",
    priority: 1,
    description: "The latest message.",
  },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Time since creation." },
] as const;
