import { MEDIA_JOBS } from "../../../operator/kube/api/resources.ts";
import { arrive } from "../arrivals.ts";
import { type OperatorProcess, startOperator } from "../operator-process.ts";
import { type Measurement, percentile } from "../report.ts";
import { type ControlPlane, NAMESPACE } from "./control-plane.ts";
import { configuration } from "./deliveries.ts";
import { mediaJob, webhook } from "./manifests.ts";
import { Receivers } from "./receivers.ts";

const COUNT = 150;
const PER_SECOND = 10;

/** Real transitions at an easy pace: from the moment the operator decides one until its webhook has arrived. */
export async function measureTransitions(
  plane: ControlPlane,
  nodeOptions: readonly string[],
): Promise<Measurement[]> {
  const receivers = await Receivers.start();
  let operator: OperatorProcess | undefined;
  try {
    operator = await startOperator(plane, { nodeOptions, configuration });
    const webhooks = [webhook("healthy", receivers.healthy)];
    const nameOf = (index: number) => `moved-${index}`;
    await arrive(COUNT, { perSecond: PER_SECOND }, (index) =>
      plane.client.create(MEDIA_JOBS, mediaJob(nameOf(index), { suspend: true, webhooks })),
    );
    await arrive(COUNT, { perSecond: PER_SECOND }, (index) =>
      plane.client.mergePatch(
        MEDIA_JOBS,
        { name: nameOf(index), namespace: NAMESPACE },
        { spec: { suspend: false } },
      ),
    );
    const { arrivals } = await receivers.take(2 * COUNT, 60_000);
    const delaysMs = arrivals.map(({ atMs, fromMs }) => atMs - fromMs);
    const name = `transition → delivered, ${PER_SECOND} a second`;
    return [
      { name: `${name}, p50`, unit: "ms", target: { atMost: 150 }, value: percentile(delaysMs, 0.5) },
      { name: `${name}, p99`, unit: "ms", value: percentile(delaysMs, 0.99) },
    ];
  } finally {
    await operator?.stop();
    await receivers.stop();
  }
}
