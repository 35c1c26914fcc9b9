import type { Webhook } from "../../../crds/media-job.ts";
import type { Draft } from "../../../operator/kube/api/kube-object.ts";
import type { StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import { NAMESPACE } from "./control-plane.ts";

/** Pictures of one photo that take so long together that no two photos share a unit. */
const OUTPUTS_OF_A_UNIT = 20;

/** A MediaJob of so many units, as a person would write it: the API server fills in the defaults. */
export function mediaJob(
  name: string,
  {
    units = 1,
    suspend = false,
    webhooks = [],
  }: { units?: number; suspend?: boolean; webhooks?: readonly Webhook[] } = {},
): Draft<StoredMediaJob> {
  const volume = (path: string) => ({ volume: { claimName: "media", path } });
  return {
    metadata: { name, namespace: NAMESPACE },
    spec: {
      sources: Array.from({ length: units }, (_, index) => ({
        name: `s${index}`,
        ...volume(`in/${index}.jpg`),
      })),
      outputs: Array.from({ length: units > 1 ? OUTPUTS_OF_A_UNIT : 1 }, (_, index) => ({
        name: `o${index}`,
        image: { format: "avif", width: 4000 + index, effort: 9 },
      })),
      destination: volume(`out/${name}`), // of two that wrote the same file, one would wait for the other
      parallelism: units,
      suspend,
      webhooks,
    } as unknown as StoredMediaJob["spec"],
  };
}

export const webhook = (name: string, url: string, events?: Webhook["events"]): Webhook => ({
  name,
  url,
  secretRef: { name: "webhook-secret", key: "secret" },
  ...(events && { events }),
});
