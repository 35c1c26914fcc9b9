import { loadavg } from "node:os";
import { stringify } from "yaml";
import type { MediaJob } from "../../crds/media-job.ts";
import type { Kubectl } from "../cluster/kubectl.ts";
import { OPERATOR_NAMESPACE, RELEASE } from "./install.ts";

/**
 * What there is to see of a MediaJob that did not come along as a test expects: its status, its Jobs and pods, those
 * of all others, which may hold the places it waits for, the namespace's Events and the operator's last words. What
 * cannot be asked for is said in its place.
 */
export async function diagnose(kubectl: Kubectl, namespace: string, job: string): Promise<string> {
  const within = ["--namespace", namespace];
  const everywhere = ["--all-namespaces", "--selector=mediajob.dev/job"];
  const rows = async (kind: string, row: (object: Observed) => string) => {
    const { items } = await kubectl.json<{ items: Observed[] }>("get", kind, ...everywhere);
    return items.map(row).join("\n");
  };
  const parts: [title: string, text: Promise<string>][] = [
    ["status", kubectl.json<MediaJob>("get", "mediajob", job, ...within).then((it) => stringify(it.status))],
    ["MediaJobs", kubectl("get", "mediajobs", "--all-namespaces")],
    ["Jobs", rows("jobs", jobRow)],
    ["pods", rows("pods", podRow)],
    ["Events", kubectl("get", "events", ...within, "--sort-by=.lastTimestamp")],
    ["operator", kubectl("logs", "--namespace", OPERATOR_NAMESPACE, `deployment/${RELEASE}`, "--tail=60")],
  ];
  const said = await Promise.all(
    parts.map(async ([title, text]) => `--- ${title}\n${await text.catch((error) => error.message)}`),
  );
  const now = `${new Date().toISOString()}, load ${loadavg()[0]?.toFixed(1)}`;
  return [`MediaJob ${namespace}/${job} at ${now}`, ...said].join("\n");
}

interface Observed {
  metadata: { namespace: string; name: string; creationTimestamp: string; deletionTimestamp?: string };
  spec: { nodeName?: string };
  status: {
    phase?: string;
    active?: number;
    conditions?: {
      type: string;
      status: string;
      reason?: string;
      message?: string;
      lastTransitionTime: string;
    }[];
    containerStatuses?: { state: object }[];
  };
}

const jobRow = ({ metadata, status }: Observed): string =>
  [ageOf(metadata), `active ${status.active ?? 0}`, conditionsOf(status)].join("  ");

const podRow = ({ metadata, spec, status }: Observed): string =>
  [
    ageOf(metadata),
    spec.nodeName ?? "on no node",
    status.phase,
    conditionsOf(status),
    ...(status.containerStatuses ?? []).map(({ state }) => JSON.stringify(state)),
  ].join("  ");

const ageOf = ({ namespace, name, creationTimestamp, deletionTimestamp }: Observed["metadata"]): string =>
  `${namespace}/${name}  made ${timeOf(creationTimestamp)}${deletionTimestamp ? `, to end ${timeOf(deletionTimestamp)}` : ""}`;

const conditionsOf = ({ conditions = [] }: Observed["status"]): string =>
  conditions
    .map(({ type, status, reason, message, lastTransitionTime }) => {
      const why = [reason, message].filter(Boolean).join(": ");
      return `${type}=${status} ${timeOf(lastTransitionTime)}${why ? ` (${why})` : ""}`;
    })
    .join(", ");

const timeOf = (timestamp: string): string => timestamp.slice(11, 19);
