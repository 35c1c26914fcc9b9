import { z } from "zod";
import { type MediaJob, mediaJob } from "./media-job.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";
import { isObject, withDefaults } from "./validator/defaults.ts";
import { duplicateErrors } from "./validator/duplicates.ts";
import { manifestMetadata, manifestMetadataSchema } from "./validator/manifest-metadata.ts";
import { ruleErrors } from "./validator/rules.ts";
import { type Shape, shapeErrors, type ValidationError } from "./validator/shape.ts";

export type { ValidationError } from "./validator/shape.ts";

export type Validation = { ok: true; value: MediaJob } | { ok: false; errors: ValidationError[] };

/** The kind as a manifest states it: its metadata is checked too, and its status is not the writer's to set. */
const manifest: Shape = {
  zod: mediaJob.extend({ metadata: manifestMetadata, status: z.unknown().optional() }),
  schema: withoutStatus(structuralSchema(mediaJob)),
};

/**
 * Answers what `kubectl apply` would, with no cluster: the same fields, bounds, defaults and CEL rules, at the
 * same field paths. `value` is the object as the API server would keep it, defaults filled and without a
 * status; a name asked for by generateName ends in `local`, since the random end is the API server's to choose.
 *
 * With `previous`, the object before an update, the rules about change are asked too. Never throws for a bad
 * manifest, whatever it is; `errors` then holds every fault that could be found, in no certain order: where the API server
 * asks no rule yet, since a value is of the wrong shape, those that read other values are asked here for later.
 */
export function validateMediaJob(input: unknown, { previous }: { previous?: MediaJob } = {}): Validation {
  if (!isObject(input))
    return { ok: false, errors: [{ path: "", message: "expected a MediaJob, which is an object" }] };

  const { status: _, ...written } = input;
  const object = withDefaults(manifest.schema, written);
  const wrong = shapeErrors(manifest, object);
  const blocking = new Set(wrong.filter((error) => error.blocking).map(({ path }) => path));
  const before = previous && withDefaults(manifest.schema, previous);
  const broken = ruleErrors(manifest.schema, object, before, blocking).map((error) =>
    blocking.size > 0 ? { ...error, later: true as const } : error,
  );

  const errors = [
    ...wrong.filter(isFirstOfKind).map(({ blocking: _, ...error }) => error),
    ...duplicateErrors(manifest.schema, object),
    ...broken,
  ];
  return errors.length > 0 ? { ok: false, errors } : { ok: true, value: named(object as MediaJob) };
}

/** A value may break two bounds of its field; the message names all of them, so it is said once. */
const isFirstOfKind = (error: ValidationError, index: number, all: readonly ValidationError[]): boolean =>
  all.findIndex(({ path, message }) => path === error.path && message === error.message) === index;

function named(job: MediaJob & { metadata: { generateName?: string } }): MediaJob {
  const { name, generateName } = job.metadata;
  return name ? job : { ...job, metadata: { ...job.metadata, name: `${generateName}local` } };
}

function withoutStatus(schema: StructuralSchema): StructuralSchema {
  const { status: _, ...properties } = schema.properties ?? {};
  return { ...schema, properties: { ...properties, metadata: manifestMetadataSchema } };
}
