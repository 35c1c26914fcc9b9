import type { Webhook } from "../../../crds/media-job.ts";
import type { Draft } from "../../../operator/kube/kube-object.ts";
import type { StoredMediaJob } from "../../../operator/kube/resources.ts";
import { NAMESPACE } from "./control-plane.ts";

/** A MediaJob of so many units, of a clip each, as a person would write it: the API server fills in the defaults. */
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
        ...volume(`in/${index}.mp4`),
      })),
      outputs: [{ name: "web", video: { height: 720 } }],
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
