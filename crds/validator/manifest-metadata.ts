import { z } from "zod";
import type { StructuralSchema } from "../structural-schema.ts";

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const qualifiedName = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

const name = "lower-case letters, digits, '-' and '.', starting and ending with a letter or digit";
const key = "a label key: letters, digits, '-', '_' and '.', at most 63, after an optional 'domain/'";

/** Set by the API server; they stand in what `kubectl get -o yaml` prints and mean nothing in a manifest. */
const ignored = z.unknown().optional();

/**
 * The metadata of a manifest, by the rules of the API server's own ObjectMeta. Fields are strict, since
 * `kubectl apply` refuses unknown ones.
 */
export const manifestMetadata = z
  .strictObject({
    name: z.string().max(253).regex(subdomain, name).optional(),
    generateName: z
      .string()
      .max(253)
      .regex(/^[a-z0-9][-a-z0-9.]*$/, name)
      .optional(),
    namespace: z.string().max(63).regex(label, "lower-case letters, digits and '-', at most 63").optional(),
    labels: z
      .record(
        z.string().regex(qualifiedName, key),
        z
          .string()
          .regex(
            labelValue,
            "a label value: letters, digits, '-', '_' and '.', at most 63, starting and ending with a letter or digit",
          ),
      )
      .optional(),
    annotations: z.record(z.string().regex(qualifiedName, key), z.string()).optional(),
    finalizers: z.array(z.string()).optional(),
    ownerReferences: z.array(z.unknown()).optional(),
    uid: ignored,
    resourceVersion: ignored,
    generation: ignored,
    creationTimestamp: ignored,
    deletionTimestamp: ignored,
    deletionGracePeriodSeconds: ignored,
    managedFields: ignored,
    selfLink: ignored,
  })
  .refine(({ name, generateName }) => name !== undefined || generateName !== undefined, {
    path: ["name"],
    message: "a name, or generateName",
  });

/** For messages that name the fields there are; what each takes is said by zod alone. */
export const manifestMetadataSchema: StructuralSchema = {
  type: "object",
  properties: Object.fromEntries(Object.keys(manifestMetadata.shape).map((field) => [field, {}])),
};
