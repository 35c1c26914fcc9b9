import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ApiServer } from "../cluster/api-server.ts";
import { binaries } from "../cluster/binaries.ts";
import { freePorts } from "../cluster/free-port.ts";
import { type RecordedProcess, startProcess } from "../cluster/process-registry.ts";

/** Nodes that KWOK plays: Ready at once, and with room for any number of pods. */
export const nodes = Array.from({ length: 10 }, (_, index) => {
  const room = { cpu: "100k", memory: "1Pi", "ephemeral-storage": "1Pi", pods: "100k" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: `kwok-${index}`, labels: { "kubernetes.io/os": "linux" } },
    status: { capacity: room, allocatable: room },
  };
});

/** Plays nodes and pods: a pod that is bound to a node runs at once, and ends well 1 s later. */
export async function startKwok(directory: string, { kubeconfig }: ApiServer): Promise<RecordedProcess> {
  const { kwok } = await binaries("kwok");
  const [port] = await freePorts(1);
  const config = join(directory, "kwok.yaml");
  writeFileSync(
    config,
    [configuration, nodeReady, podRunning, podEnded].map((one) => stringify(one)).join("---\n"),
  );
  return startProcess(directory, "kwok", [
    kwok,
    `--kubeconfig=${kubeconfig}`,
    `--config=${config}`,
    `--server-address=127.0.0.1:${port}`,
    "--v=WARN", // it tells of every object at INFO
  ]);
}

const configuration = {
  apiVersion: "config.kwok.x-k8s.io/v1alpha1",
  kind: "KwokConfiguration",
  metadata: { name: "kwok" },
  options: {
    manageAllNodes: true,
    enableCRDs: [],
    // With a configuration file none of these has a default.
    podPlayStageParallelism: 16,
    nodePlayStageParallelism: 4,
    nodeLeaseParallelism: 4,
    podsOnNodeSyncParallelism: 4,
    nodeLeaseDurationSeconds: 200, // a lease is renewed each quarter of it: ten nodes are next to no traffic
  },
};

const stage = (name: string, kind: string, spec: object) => ({
  apiVersion: "kwok.x-k8s.io/v1alpha1",
  kind: "Stage",
  metadata: { name },
  spec: { resourceRef: { apiGroup: "v1", kind }, ...spec },
});

const is = (key: string, ...values: string[]) => ({ key, operator: "In", values });
const isNot = (key: string, ...values: string[]) => ({ key, operator: "NotIn", values });
const READY = '.status.conditions.[] | select( .type == "Ready" ) | .status';

const nodeReady = stage("node-ready", "Node", {
  selector: { matchExpressions: [isNot(READY, "True")] },
  next: {
    statusTemplate: `
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ Now | Quote }}
{{ end }}
phase: Running
`,
  },
});

const podRunning = stage("pod-running", "Pod", {
  selector: { matchExpressions: [is(".status.phase", "Pending"), isNot(READY, "True")] },
  next: {
    statusTemplate: `
{{ $now := Now }}
conditions:
- { type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }} }
- { type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }} }
- { type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }} }
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state: { running: { startedAt: {{ $now | Quote }} } }
{{ end }}
phase: Running
startTime: {{ $now | Quote }}
`,
  },
});

/** What a worker leaves that made one thumbnail, as its pod's termination message. */
const result = {
  version: "v1",
  unit: "UNIT",
  attempt: 1,
  counts: { succeeded: 1, skipped: 0, failed: 0 },
  outputs: [
    {
      source: "s-0",
      output: "thumb",
      phase: "Succeeded",
      uri: "volume://media/out/s-0/thumb.webp",
      bytes: 14_208,
      sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      format: "webp",
      width: 320,
      height: 320,
    },
  ],
  failures: [],
  failedSources: [],
  warnings: [],
  usage: {
    wallSeconds: 0.31,
    cpuSeconds: 0.42,
    peakMemoryBytes: 118_000_000,
    bytesIn: 2_400_000,
    bytesOut: 14_208,
  },
  manifestUri: "volume://media/out/.mediajob/manifest.json",
};

const podEnded = stage("pod-ended", "Pod", {
  selector: { matchExpressions: [is(".status.phase", "Running")] },
  delay: { durationMilliseconds: 1000 },
  next: {
    statusTemplate: `
{{ $now := Now }}
{{ $root := . }}
{{ $unit := index .metadata.labels "mediajob.dev/unit" }}
conditions:
- { type: Ready, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }} }
- { type: ContainersReady, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }} }
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: false
  restartCount: 0
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $root.status.startTime | Quote }}
      finishedAt: {{ $now | Quote }}
      message: {{ replace "UNIT" $unit ${JSON.stringify(JSON.stringify(result))} | Quote }}
{{ end }}
phase: Succeeded
`,
  },
});
