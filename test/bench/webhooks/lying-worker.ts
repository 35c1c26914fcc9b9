import { MEDIA_JOBS } from "../../../operator/kube/api/resources.ts";
import { arrive } from "../arrivals.ts";
import type { OperatorProcess } from "../operator-process.ts";
import { type Measurement, percentile } from "../report.ts";
import { Child } from "./child.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Crowd, Said, Worker } from "./crowd-process.ts";
import { mediaJob, webhook } from "./manifests.ts";
import type { Receivers } from "./receivers.ts";

const LIES_PER_SECOND = 10_000;
const LYING_SECONDS = 10;
const TRANSITIONS = 20;

/** A hundred of the workers, and webhooks, while another one's pod floods the operator. */
export async function measureBesideLiar(
  operator: OperatorProcess,
  [liar, ...others]: readonly Worker[],
  { plane, receivers }: { plane: ControlPlane; receivers: Receivers },
): Promise<Measurement[]> {
  if (!liar) return [];
  const crowd = new Child<Crowd, Said>("crowd-process.ts");
  crowd.ask({
    url: operator.url,
    workers: others.slice(0, 100),
    warmUpSeconds: 2,
    seconds: LYING_SECONDS,
    liar: { worker: liar, perSecond: LIES_PER_SECOND },
  });
  await crowd.said("warm");
  const delaysMs = await transitions(plane, receivers);
  const { tookMs, refused, lies } = await crowd.said("done");
  const name = `100 workers beside a pod that tries ${LIES_PER_SECOND} reports a second`;
  return [
    { name: `${name}: its reports`, unit: "/s", value: lies.answered / (LYING_SECONDS + 2) },
    { name: `${name}: its reports taken`, unit: "/s", value: lies.taken / (LYING_SECONDS + 2) },
    { name: `${name}: POST of the others, p99`, unit: "ms", value: percentile(tookMs, 0.99) },
    { name: `${name}: transition → delivered, p50`, unit: "ms", value: percentile(delaysMs, 0.5) },
    {
      name: `${name}: of the others not taken`,
      unit: "",
      target: { atMost: 0 },
      value: Object.values(refused).reduce((a, b) => a + b, 0),
    },
  ];
}

/** How long each of some transitions took until its webhook had arrived. */
async function transitions({ client }: ControlPlane, receivers: Receivers): Promise<number[]> {
  const webhooks = [webhook("healthy", receivers.healthy)];
  await arrive(TRANSITIONS, { perSecond: 5 }, (index) =>
    client.create(MEDIA_JOBS, mediaJob(`beside-${index}`, { suspend: true, webhooks })),
  );
  const { arrivals } = await receivers.take(TRANSITIONS, 60_000);
  return arrivals.map(({ atMs, fromMs }) => atMs - fromMs);
}
