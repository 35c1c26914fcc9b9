import {
  DETAIL_EVENTS,
  type MediaJob,
  TRANSITION_EVENTS,
  type Webhook,
  type WebhookEvent,
} from "../../../crds/media-job.ts";

/** Where events of a MediaJob go. */
export interface Endpoint extends Webhook {
  /** True for one of the operator's configuration: its Secret is in the operator's namespace. */
  shared: boolean;
}

/**
 * The endpoints of a MediaJob: its own, then those that the operator's configuration gives to every MediaJob.
 * The latter's names hold a slash, which no name in a spec does.
 */
export const endpointsOf = ({ spec }: MediaJob, shared: readonly Webhook[] = []): Endpoint[] => [
  ...spec.webhooks.map((webhook) => ({ ...webhook, shared: false })),
  ...shared.map((webhook) => ({ ...webhook, name: `operator/${webhook.name}`, shared: true })),
];

/** Whether an endpoint is to be told of events of a type; of transitions it is unless it says otherwise. */
export const isWanted = ({ events }: Endpoint, type: WebhookEvent): boolean =>
  (events ?? (TRANSITION_EVENTS as readonly WebhookEvent[])).includes(type);

/** Whether an endpoint asks for anything but transitions. */
export const wantsDetails = (endpoint: Endpoint): boolean =>
  DETAIL_EVENTS.some((type) => isWanted(endpoint, type));
