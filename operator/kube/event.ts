import { nameStart } from "../core/child-name.ts";
import type { Announcement } from "../core/reconcile/decision.ts";
import { timestampOf } from "../core/timestamp.ts";

/** What the API server takes as an Event's message. */
const MAX_MESSAGE = 1024;

/** What an Event tells of. */
export interface Involved {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string | undefined;
  uid?: string | undefined;
  resourceVersion?: string;
}

/** An announcement as a Kubernetes Event. @param instance name of this replica */
export function eventOf(
  { namespace, uid, ...involved }: Involved,
  { type, reason, message }: Announcement,
  { at, firstAt = at, count = 1, instance }: { at: Date; firstAt?: Date; count?: number; instance: string },
) {
  const where = namespace ? { namespace } : {};
  return {
    metadata: { generateName: `${nameStart(involved.name, 200)}.`, ...where },
    involvedObject: { ...involved, ...where, ...(uid && { uid }) },
    type,
    reason,
    message: message.slice(0, MAX_MESSAGE),
    source: { component: "mediajob" },
    reportingComponent: "mediajob.dev/operator",
    reportingInstance: instance.slice(0, 128),
    firstTimestamp: timestampOf(firstAt.getTime()),
    lastTimestamp: timestampOf(at.getTime()),
    count,
  };
}
