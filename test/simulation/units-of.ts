import type { MediaJobSpec } from "../../crds/media-job.ts";
import type { Configuration } from "../../operator/core/configuration.ts";
import { plan } from "../../operator/core/plan/plan.ts";

/** The names of a MediaJob's units in the order of its ledger: what is planned is not what is tested here. */
export const unitsOf = (spec: MediaJobSpec, { pools }: Configuration): string[] =>
  plan(spec, pools).units.map(({ name }) => name);

/** The unit that runs last, in a MediaJob of several. */
export const FINALIZE = "finalize";
