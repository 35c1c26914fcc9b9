import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MediaJob } from "../../crds/media-job.ts";
import type { Report } from "../../crds/report.ts";
import { until } from "../cluster/until.ts";
import { schemaErrors } from "../report-schema.ts";
import { inspectImage, inspectVideo } from "./media-file.ts";
import { type Receiver, startReceiver } from "./webhook-receiver.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

let workspace: Workspace;
let receiver: Receiver;

const volume = (path: string) => ({ volume: { claimName: "media", path } });

beforeAll(async () => {
  workspace = await createWorkspace("media-job");
  for (const file of ["dogs.jpg", "meadow.jpg", "walk.mp4"]) workspace.put(file);
  receiver = await startReceiver(workspace.cluster.hostAddress);
  await workspace.cluster.kubectl.apply([
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "hook", namespace: workspace.namespace },
      stringData: { secret: receiver.secret },
    },
  ]);
});

afterAll(async () => {
  await receiver?.close();
  await workspace?.remove();
});

describe("a photo and a clip", () => {
  const manifest = () => ({
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name: "holiday" },
    spec: {
      sources: [
        { name: "dogs", ...volume("in/dogs.jpg") },
        { name: "walk", ...volume("in/walk.mp4") },
      ],
      outputs: [
        {
          name: "thumb",
          sources: ["dogs"],
          image: { format: "webp", width: 320, height: 320, fit: "cover" },
        },
        { name: "large", sources: ["dogs"], image: { format: "jpeg", width: 1000 } },
        { name: "web", sources: ["walk"], video: { height: 360, preset: "veryfast" } },
      ],
      destination: { ...volume("out"), template: "{source}/{output}.{ext}" },
      webhooks: [{ name: "receiver", url: receiver.url, secretRef: { name: "hook" } }],
      report: { formats: ["json", "txt"] },
    },
  });
  const percents: number[] = [];
  let job: MediaJob;

  beforeAll(async () => {
    await workspace.apply(manifest());
    await workspace.seen("holiday", "ended", ({ status }) => {
      percents.push(status?.progress?.percent ?? 0);
      return status?.completionTime !== undefined;
    });
    await workspace.wait("holiday", "condition=Complete");
    job = await workspace.get("holiday");
  });

  test("succeeds, and its status counts what was done", () => {
    expect(job.status).toMatchObject({
      phase: "Succeeded",
      observedGeneration: 1,
      sources: { total: 2, succeeded: 2, failed: 0 },
      units: { total: 4, succeeded: 4, done: "4/4" },
      progress: { percent: 100 },
    });
    expect(job.status?.usage?.cpuSeconds).toBeGreaterThan(0);
    expect(job.status?.outputs).toHaveLength(3);
  });

  test("the images decode, upright and with the dimensions asked for", async () => {
    const out = (file: string) => join(workspace.files, "out/dogs", file);
    expect(await inspectImage(out("thumb.webp"))).toMatchObject({ format: "webp", width: 320, height: 320 });
    const large = await inspectImage(out("large.jpeg").replace("jpeg", "jpg"));
    // The phone's portrait lies on its side in the file; upright it is higher than wide.
    expect(large).toMatchObject({ format: "jpeg", width: 1000, place: undefined });
    expect(large.height).toBeGreaterThan(1000);
  });

  test("the clip decodes without an error, whole, as H.264 and AAC", () => {
    const video = inspectVideo(join(workspace.files, "out/walk/web.mp4"));
    expect(video).toMatchObject({
      codec: "h264",
      audioCodec: "aac",
      width: 640,
      height: 360,
      frames: 250,
      decodeErrors: "",
    });
    expect(Math.abs(video.durationSeconds - 10)).toBeLessThan(0.1);
  });

  test("the report is one by its schema, and its hashes are those of the files", () => {
    expect(job.status?.reportUri).toBe("volume://media/out/holiday.report.json");
    const report = JSON.parse(
      readFileSync(join(workspace.files, "out/holiday.report.json"), "utf8"),
    ) as Report;
    expect(schemaErrors(report)).toBeNull();
    expect(report).toMatchObject({ outcome: { phase: "Succeeded" }, counts: { outputs: { succeeded: 3 } } });
    for (const { uri, sha256 } of report.outputs) {
      const file = readFileSync(join(workspace.files, uri.replace("volume://media/", "")));
      expect([uri, createHash("sha256").update(file).digest("hex")]).toEqual([uri, sha256]);
    }
    expect(JSON.stringify(report)).not.toContain(receiver.secret);
  });

  test("progress was seen to rise, and never to fall", () => {
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(new Set(percents.filter((percent) => percent > 0 && percent < 100)).size).toBeGreaterThanOrEqual(
      2,
    );
  });

  test("the receiver got every transition, in order, with valid signatures", async () => {
    await until("the last event", async () => receiver.events.some(({ type }) => type === "job.completed"), {
      timeoutMs: 60_000,
    });
    // Other tests may take the pool's room first; then it is queued before it starts.
    const queued = receiver.events[0]?.type === "job.queued" ? [["job.queued", "Queued"]] : [];
    const transitions = [...queued, ["job.started", "Running"], ["job.completed", "Succeeded"]];
    expect(receiver.events.map(({ type, sequence, phase }) => [type, sequence, phase])).toEqual(
      transitions.map(([type, phase], index) => [type, index + 1, phase]),
    );
    expect(receiver.forged).toBe(0);
    const written = await workspace.seen("holiday", "its outbox is empty", ({ status }) =>
      (status?.webhooks ?? []).every(({ pending }) => pending.length === 0),
    );
    expect(written.status?.webhooks).toMatchObject([
      { name: "receiver", pending: [], delivered: transitions.length, deadLetters: 0 },
    ]);
    // On a busy machine a try may time out; the one after it is taken.
    const taken = written.status?.webhooks?.flatMap(({ tries = [] }) =>
      tries.filter(({ code }) => code === 204),
    );
    expect(taken).toHaveLength(transitions.length);
  });

  test("its units ran without rights: no root, no capabilities, a read-only root, no API token", async () => {
    const { items } = await workspace.cluster.kubectl.json<{ items: { spec: PodSpec }[] }>(
      ...["get", "pods", "--namespace", workspace.namespace, "--selector", "mediajob.dev/job=holiday"],
    );
    expect(items).toHaveLength(4);
    for (const { spec } of items) {
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(spec.containers[0]?.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  test("`kubectl describe` tells of its transitions", async () => {
    const text = await workspace.cluster.kubectl(
      "describe",
      "mediajob",
      "holiday",
      "--namespace",
      workspace.namespace,
    );
    expect(text).toMatch(/Normal\s+Running/);
    expect(text).toMatch(/Normal\s+Succeeded/);
  });

  test("`kubectl delete` removes its Jobs and pods, and leaves the outputs", async () => {
    const { kubectl } = workspace.cluster;
    await kubectl("delete", "mediajob", "holiday", "--namespace", workspace.namespace, "--timeout=300s");
    await workspace.gone("holiday");
    expect(readFileSync(join(workspace.files, "out/walk/web.mp4")).length).toBeGreaterThan(0);
  });
});

interface PodSpec {
  automountServiceAccountToken: boolean;
  securityContext: object;
  containers: { securityContext: object }[];
}

describe("bad sources", () => {
  const outputs = [{ name: "thumb", image: { format: "webp", width: 100 } }];
  const job = (name: string, sources: object[]) => ({
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name },
    spec: { sources, outputs, destination: volume(`out/${name}`) },
  });

  test("a job of a missing source only fails, and says which file is missing", async () => {
    await workspace.apply(job("missing", [{ name: "gone", ...volume("in/gone.jpg") }]));
    await workspace.wait("missing", "condition=Failed");
    const { status } = await workspace.get("missing");
    expect(status).toMatchObject({
      phase: "Failed",
      failures: [{ source: "gone", class: "input", reason: "SourceNotFound", attempt: 1 }],
    });
    expect(status?.failures?.[0]?.message).toContain("in/gone.jpg");
  });

  test("a job with one bad source does the others and is PartiallySucceeded", async () => {
    await workspace.apply(
      job("partly", [
        { name: "meadow", ...volume("in/meadow.jpg") },
        { name: "clip", ...volume("in/walk.mp4") },
      ]),
    );
    await workspace.wait("partly", "condition=Complete");
    const { status } = await workspace.get("partly");
    expect(status).toMatchObject({
      phase: "PartiallySucceeded",
      sources: { succeeded: 1, failed: 1 },
      failures: [{ source: "clip", reason: "UnsupportedFormat" }],
      outputs: [{ source: "meadow", width: 100 }],
    });
  });
});
