import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { MediaJob } from "../crds/media-job.ts";
import { defaultConfiguration } from "../operator/core/configuration.ts";
import { plan } from "../operator/core/plan/plan.ts";
import { unitJob } from "../operator/kube/jobs/unit-job.ts";
import { mediaJob, placed } from "./builders/core.ts";

/** What a newcomer applies before the first MediaJob. */
const read = (file: string) => readFileSync(join(import.meta.dirname, "../examples", file), "utf8");
const objects = parseAllDocuments(read("volumes.yaml")).map((document) => document.toJS());
const pod = objects.find(({ kind }) => kind === "Pod")?.spec;
const claims = objects.flatMap(({ kind, metadata }) =>
  kind === "PersistentVolumeClaim" ? [metadata.name] : [],
);

function workerPod() {
  const job = mediaJob();
  const configuration = defaultConfiguration();
  const [planned] = plan(job.spec, configuration.pools).units;
  if (!planned) throw new Error("nothing was planned");
  return unitJob({ job, planned, attempt: 1, placed, configuration }).spec?.template?.spec;
}

test("examples/volumes.yaml makes the claims that the first MediaJob names, and its pod mounts them", () => {
  const { spec } = parse(read("mediajobs/first.yaml")) as MediaJob;
  const named = [...spec.sources, spec.destination].map(({ volume }) => volume?.claimName);
  expect(claims).toEqual([...new Set(named)]);
  const mounted = pod.volumes.map(
    (volume: { persistentVolumeClaim: object }) => volume.persistentVolumeClaim,
  );
  expect(mounted).toEqual(claims.map((claimName) => ({ claimName })));
});

test("its pod runs as a worker does, so that each may read and write what the other has written", () => {
  const worker = workerPod();
  expect(pod.securityContext).toEqual(worker?.securityContext);
  expect(pod.containers[0].securityContext).toEqual(worker?.containers?.[0]?.securityContext);
});
