import { z } from "zod";
import { webhook } from "../../crds/media-job.ts";
import { itemName, quantity } from "../../crds/scalars.ts";
import { HARDWARE_ENCODERS } from "../../crds/unit.ts";
import { RETRIES_AT_ONCE } from "./queue/retry-gate.ts";

/**
 * The operator's configuration: one YAML file, in the cluster a ConfigMap that the chart writes. Everything
 * a cluster's administrator decides is here; everything a user decides is in the MediaJob.
 */

const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(["Exists", "Equal"]).optional(),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
  tolerationSeconds: z.int().optional(),
});

/** Room that a unit may ask for: bytes, and some of them. */
const room = quantity
  .regex(/[1-9]/, "must be more than 0, e.g. 8Gi")
  .regex(/[^m]$/, "the suffix m means thousandths of a byte; write Mi for mebibytes");

const pool = z
  .strictObject({
    name: itemName,
    /** Labels of the pool's nodes. */
    nodeSelector: z.record(z.string(), z.string()).default({}),
    tolerations: z.array(toleration).default([]),
    /** Extended resource of one accelerator, e.g. `nvidia.com/gpu`; unset for a CPU pool. */
    gpuResource: z.string().optional(),
    /** Hardware encoders of the pool's accelerator; a pool without is given video only where a MediaJob requires a GPU. */
    encoder: z.enum(HARDWARE_ENCODERS).optional(),
    /** Runtime class of the pool's pods, e.g. `nvidia`. */
    runtimeClassName: z.string().optional(),
    /** The most one unit may ask for. */
    perUnit: z
      .strictObject({
        cpu: z.number().positive().default(4),
        memory: room.default("8Gi"),
        scratch: room.default("100Gi"),
      })
      .prefault({}),
    /** Units that run in the pool at once. */
    concurrency: z.int().min(1).default(1000),
    /** Relative cost of a second in the pool; the cheapest pool that fits is taken. */
    costWeight: z.number().positive().default(1),
  })
  .refine(({ encoder, gpuResource }) => !encoder || gpuResource, {
    path: ["gpuResource"],
    message: "encoder is that of an accelerator: name its resource, such as nvidia.com/gpu",
  });
export type Pool = z.output<typeof pool>;

/**
 * A unit is placed by the name of its pool, so that a second one of a name would never be looked at; and the API server
 * takes no status that tells of two endpoints of one name.
 */
const eachNameOnce =
  (list: string) =>
  (items: readonly { name: string }[], { addIssue }: z.RefinementCtx): void => {
    for (const [index, { name }] of items.entries()) {
      const first = items.findIndex((other) => other.name === name);
      if (first === index) continue;
      addIssue({
        code: "custom",
        path: [index, "name"],
        message: `${list}[${first}] is called ${name}, too: give one of them another name`,
      });
    }
  };

/** Lower-case, since DNS does not tell cases apart. Its last part holds a letter, which that of an address does not. */
const hostPattern = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*([0-9][-0-9]*)?[a-z]([-a-z0-9]*[a-z0-9])?$/,
    "expected a name such as hooks.media.svc or *.media.svc, in lower case; an address belongs in cidrs, as 10.0.0.5/32",
  );

/**
 * An endpoint as in a MediaJob's spec, whose rules only the API server asks. Its name is shorter: in a status it stands
 * behind `operator/`.
 */
const endpoint = webhook.extend({
  name: itemName.max(50),
  url: webhook.shape.url.regex(
    /^https?:\/\/[^\s/?#@]+([/?#]\S*)?$/,
    "expected an address such as https://hooks.example.com/media, with no space, user or password in it",
  ),
});

export const configuration = z.strictObject({
  pools: z
    .array(pool)
    .min(1)
    .superRefine(eachNameOnce("pools"))
    .default([pool.parse({ name: "default" })]),
  /** Units that run at once over all pools. */
  concurrency: z.int().min(1).default(1000),
  /** Units of one namespace that run at once. */
  concurrencyPerNamespace: z.int().min(1).default(1000),
  worker: z
    .strictObject({
      image: z.string().min(1).default("mediajob-worker:dev"),
      imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
      imagePullSecrets: z.array(z.strictObject({ name: z.string() })).default([]),
      /** User and group that run the worker and own what it writes to volumes. */
      runAsUser: z.int().min(1).default(1000),
      fsGroup: z.int().min(1).default(1000),
    })
    .prefault({}),
  /** Where workers POST progress, e.g. `http://mediajob.media.svc:8080/progress`; none is sent when unset. */
  progressUrl: z.string().optional(),
  /** How long a finished unit's Job is kept for a look at its logs. Its result is in the MediaJob by then. */
  unitTtlSecondsAfterFinished: z.int().min(60).default(86_400),
  /** What is done about attempts that do not come along. */
  recovery: z
    .strictObject({
      /** How long a unit on a node that stopped answering is waited for before it starts again elsewhere. */
      unreachableNodeSeconds: z.int().min(0).default(60),
      /** How long a unit's pod may fail to start before the attempt is given up. */
      startDeadlineSeconds: z.int().min(30).default(600),
      /** How long a unit that would rather have an accelerator waits for one; then it runs without. */
      gpuRoomSeconds: z.int().min(0).default(120),
      /** Retries of one class of failure that run at once, by priority; fewer while the cluster is full. */
      retriesAtOnce: z
        .strictObject({
          Urgent: z.int().min(1).default(RETRIES_AT_ONCE.Urgent),
          High: z.int().min(1).default(RETRIES_AT_ONCE.High),
          Normal: z.int().min(1).default(RETRIES_AT_ONCE.Normal),
          Low: z.int().min(1).default(RETRIES_AT_ONCE.Low),
        })
        .prefault({}),
    })
    .prefault({}),
  webhooks: z
    .strictObject({
      /** Lets webhooks go to loopback, private and link-local addresses, all of them: for a cluster of one's own. */
      allowPrivateAddresses: z.boolean().default(false),
      /** Lets webhooks go to some addresses that are not public: for receivers in the cluster. */
      allow: z
        .strictObject({
          /** Ranges of addresses, e.g. `10.20.0.0/16` or `fd00:20::/32`. */
          cidrs: z
            .array(z.union([z.cidrv4(), z.cidrv6()]))
            .max(100)
            .default([]),
          /** Names that may resolve to any address, e.g. `hooks.media.svc`, or `*.media.svc` for all below. */
          hosts: z.array(hostPattern).max(100).default([]),
        })
        .prefault({}),
      /** Endpoints that are told of every MediaJob. Their Secrets are in the operator's namespace. */
      endpoints: z.array(endpoint).max(5).superRefine(eachNameOnce("endpoints")).default([]),
      /** What the operator asks of one host at most. */
      perHost: z
        .strictObject({
          /** Requests in flight at once. */
          concurrency: z.int().min(1).max(256).default(16),
          /** Requests begun in a second. */
          ratePerSecond: z.int().min(1).max(10_000).default(1000),
        })
        .prefault({}),
    })
    .prefault({}),
});
export type Configuration = z.output<typeof configuration>;

/** The configuration of an operator that was told nothing, and of `mediajob plan` without `--pools`. */
export const defaultConfiguration = (): Configuration => configuration.parse({});
