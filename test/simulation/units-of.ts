import { gunzipSync } from "node:zlib";
import type { Configuration } from "../../operator/core/configuration.ts";
import { type Plan, plan } from "../../operator/core/plan/plan.ts";
import { UNIT_LETTERS } from "../../operator/core/reconcile/unit-state.ts";
import { CONFIG_MAPS, type ConfigMap, type StoredMediaJob } from "../../operator/kube/api/resources.ts";
import type { ModelServer } from "./model/server.ts";

/** Where a MediaJob is kept, and what its plan follows from beside it. */
export interface Surroundings {
  readonly server: ModelServer;
  readonly configuration: Configuration;
}

/**
 * The plan that a MediaJob's status counts by: what is planned is not what is tested here. It is read where it is
 * kept, since what follows a probe depends on what was found. One that was extended does not count before a status
 * says so: who extended it may have died.
 */
export function planOf(surroundings: Surroundings, { metadata, spec, status }: StoredMediaJob): Plan {
  const { server, configuration } = surroundings;
  const plans = seen.get(server)?.get(metadata.uid) ?? [];
  if (plans.length < 2) {
    const kept = server
      .list(CONFIG_MAPS)
      .filter((object) => object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
    if (kept.length > plans.length)
      plans.splice(0, plans.length, ...kept.map(read).toSorted((a, b) => a.units.length - b.units.length));
    seen.set(server, (seen.get(server) ?? new Map<string, Plan[]>()).set(metadata.uid, plans));
  }
  const counted = status?.units?.total ?? 0;
  return plans.find(({ units }) => units.length >= counted) ?? planned(spec, configuration);
}

/** Of a specification, which never changes in place, in a world, which has one configuration. */
function planned(spec: StoredMediaJob["spec"], { pools }: Configuration): Plan {
  const known = unkept.get(spec);
  if (known) return known;
  const made = plan(spec, pools);
  unkept.set(spec, made);
  return made;
}

const unkept = new WeakMap<StoredMediaJob["spec"], Plan>();

const read = ({ binaryData }: ConfigMap): Plan =>
  JSON.parse(gunzipSync(Buffer.from(binaryData?.["plan.json.gz"] ?? "", "base64")).toString());

/** A plan outlives its object: that of a MediaJob which is being deleted may go first. */
const seen = new WeakMap<ModelServer, Map<string, Plan[]>>();

/** The names of a MediaJob's units in the order of its ledger. */
export const unitsOf = (surroundings: Surroundings, job: StoredMediaJob): string[] =>
  planOf(surroundings, job).units.map(({ name }) => name);

/** Whether a letter says that a unit has not ended: it is to run, or was lost and waits for a person. */
export const isOpen = (letter: string): boolean =>
  letter === UNIT_LETTERS.open || letter === UNIT_LETTERS.held;

/** The unit that runs last, in a MediaJob of several. */
export const FINALIZE = "finalize";

/** Whether a unit makes what is swept at the end, and so runs anew in each retryGeneration. */
export const isRepeated = (unit: string): boolean => unit === FINALIZE || unit.startsWith("part-");
