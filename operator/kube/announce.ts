import { API_VERSION } from "../../crds/group.ts";
import type { Announcement } from "../core/reconcile/decision.ts";
import type { KubeClient } from "./client.ts";
import { EVENTS, type StoredMediaJob } from "./resources.ts";

/** What the API server takes as an Event's message. */
const MAX_MESSAGE = 1024;

/** Tells `kubectl describe` of an announcement, as a Kubernetes Event of the MediaJob. */
export async function announce(
  client: Pick<KubeClient, "create">,
  job: StoredMediaJob,
  { type, reason, message }: Announcement,
  { now, instance }: { now: Date; instance: string },
): Promise<void> {
  const { name, namespace, uid, resourceVersion } = job.metadata;
  const time = now.toISOString().replace(/\.\d+Z$/, "Z");
  await client.create(EVENTS, {
    metadata: { generateName: `${name.slice(0, 200)}.`, ...(namespace && { namespace }) },
    involvedObject: {
      apiVersion: API_VERSION,
      kind: "MediaJob",
      name,
      uid,
      resourceVersion,
      ...(namespace && { namespace }),
    },
    type,
    reason,
    message: message.slice(0, MAX_MESSAGE),
    source: { component: "mediajob" },
    reportingComponent: "mediajob.dev/operator",
    reportingInstance: instance.slice(0, 128),
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  });
}
