import { afterAll, beforeAll, expect, test } from "vitest";
import { OPERATOR_NAMESPACE } from "../install.ts";
import { createWorkspace, type Workspace } from "../workspace.ts";

let workspace: Workspace;

beforeAll(async () => {
  workspace = await createWorkspace("operator-restart");
  workspace.put("walk.mp4");
});

afterAll(() => workspace?.remove());

test("the operator is killed in the middle; the job ends once, and no unit runs twice", async () => {
  const { kubectl } = workspace.cluster;
  const sources = ["a", "b", "c", "d"].map((name) => ({
    name,
    volume: { claimName: "media", path: "in/walk.mp4" },
  }));
  await workspace.apply({
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name: "survivor" },
    spec: {
      sources,
      outputs: [{ name: "web", video: { height: 240, preset: "veryfast" } }],
      destination: { volume: { claimName: "media", path: "out" } },
      parallelism: 2,
    },
  });
  await workspace.seen(
    "survivor",
    "some units ended and some did not",
    ({ status }) => (status?.units?.succeeded ?? 0) >= 2,
  );
  // No grace: the process is killed, not asked.
  const pod = ["pod", "--namespace", OPERATOR_NAMESPACE, "--selector", "app.kubernetes.io/name=mediajob"];
  await kubectl("delete", ...pod, "--grace-period=0", "--force", "--wait=false");

  await workspace.wait("survivor", "condition=Complete", 180);
  const { status } = await workspace.get("survivor");
  expect(status).toMatchObject({ phase: "Succeeded", units: { succeeded: 6, ledger: "6s" } });

  const within = ["--namespace", workspace.namespace, "--selector", "mediajob.dev/job=survivor"];
  const names = async (kind: string) =>
    (
      await kubectl.json<{ items: { metadata: { labels: Record<string, string> } }[] }>(
        "get",
        kind,
        ...within,
      )
    ).items
      .map(
        ({ metadata }) =>
          `${metadata.labels["mediajob.dev/unit"]} ${metadata.labels["mediajob.dev/attempt"]}`,
      )
      .toSorted();
  const once = ["finalize 1", "probe-0 1", "video-0 1", "video-1 1", "video-2 1", "video-3 1"];
  expect(await names("jobs")).toEqual(once);
  expect(await names("pods")).toEqual(once);
});
