import { afterAll, beforeAll, expect, test } from "vitest";
import type { ProgressMessage } from "../../crds/progress.ts";
import { until } from "../cluster/until.ts";
import { OPERATOR_NAMESPACE } from "./install.ts";
import { createWorkspace, onVolume, type Pod, SLOWLY, type Workspace } from "./workspace.ts";

let workspace: Workspace;
let own: Pod;
let foreign: Pod;

beforeAll(async () => {
  workspace = await createWorkspace("progress");
  workspace.put("walk.mp4");
  const sources = [{ name: "walk", ...onVolume("in/walk.mp4") }];
  const outputs = [{ name: "long", video: { preset: "veryslow" } }];
  await Promise.all(["own", "foreign"].map((name) => workspace.start(name, { sources, outputs, ...SLOWLY })));
  [own, foreign] = await Promise.all([
    workspace.working("own", "video-0"),
    workspace.working("foreign", "video-0"),
  ]);
});

afterAll(async () => {
  await scale(1);
  await workspace?.remove();
});

test("a worker's own token is taken for its own unit, and for no other", async () => {
  expect(await report({ token: await projectedToken(foreign), fraction: 0.2 })).toBe(403);
  expect(await report({ token: await projectedToken(own), fraction: 0.9 })).toBe(204);
  const { status } = await workspace.seen(
    "own",
    "what was reported is shown",
    ({ status }) => (status?.progress?.percent ?? 0) >= 90,
  );
  expect(status).toMatchObject({ phase: "Running", progress: { stage: "almost" } });
  const other = await workspace.get("foreign");
  expect(other.status?.progress?.percent).toBeLessThan(90);
  const { kubectl } = workspace.cluster;
  await kubectl("delete", "mediajob", "foreign", "--namespace", workspace.namespace, "--wait=false"); // has done its part
});

test.each([
  { name: "no token", args: null },
  { name: "a token for another audience", args: [] },
  { name: "a token for our audience that no pod holds", args: ["--audience", "mediajob"] },
])("$name is refused", async ({ args }) => {
  const { kubectl } = workspace.cluster;
  const token =
    args && (await kubectl("create", "token", "default", "--namespace", workspace.namespace, ...args));
  expect(await report({ token, fraction: 0.99 })).toBe(401);
});

test("a replica that does not lead points to the one that does, where the report is taken", async () => {
  await scale(2);
  const { kubectl } = workspace.cluster;
  const within = ["--namespace", OPERATOR_NAMESPACE];
  const { spec } = await kubectl.json<{ spec: { holderIdentity: string } }>(
    "get",
    "lease",
    "mediajob-operator",
    ...within,
  );
  const [leader, address] = spec.holderIdentity.split(/[@_]/);
  const operators = ["--selector=app.kubernetes.io/name=mediajob", "--field-selector=status.phase=Running"];
  const { items } = await kubectl.json<{ items: (Pod & { status: { podIP: string } })[] }>(
    "get",
    "pods",
    ...within,
    ...operators,
  );
  const standby = items.find(({ metadata }) => metadata.name !== leader);
  const token = await projectedToken(own);
  const said = { token, fraction: 0.95 };
  const location = `http://${address}/progress`;
  expect(await answerTo({ ...said, to: `http://${standby?.status.podIP}:8080/progress` })).toEqual({
    code: 307,
    location,
  });
  expect(await report({ ...said, to: location })).toBe(204);
});

async function scale(replicas: number): Promise<void> {
  const deployment = ["--namespace", OPERATOR_NAMESPACE, "deployment/mediajob"];
  await workspace.cluster.kubectl("scale", ...deployment, `--replicas=${replicas}`);
  await workspace.cluster.kubectl("rollout", "status", ...deployment, "--timeout=300s");
}

/** What the kubelet gave the worker. */
const projectedToken = (pod: Pod): Promise<string> => inside(pod, "sh", "-c", 'cat "$MEDIAJOB_TOKEN_FILE"');

interface Said {
  token: string | null;
  fraction: number;
  /** The operator's Service when unset. */
  to?: string;
}

/** As a worker does, it tries again while it is sent on to a leader, which may just have been another. */
const report = async (said: Said): Promise<number> =>
  (
    await until(
      "an answer of the operator that leads",
      async () => {
        const answer = await answerTo(said);
        return answer.code !== 307 && answer;
      },
      { timeoutMs: 120_000, everyMs: 500 },
    )
  ).code;

/** It also tries again while nobody is at the address, which is so while the operator is moved. */
const answerTo = (said: Said): Promise<Answer> =>
  until("an answer of the operator", () => tryAnswer(said), { timeoutMs: 120_000, everyMs: 500 });

interface Answer {
  code: number;
  location: string | null;
}

/** Says from within the pod, over the cluster's network, how far the unit of MediaJob `own` is. */
async function tryAnswer({ token, fraction, to }: Said): Promise<Answer> {
  const { metadata } = await workspace.get("own");
  const message: ProgressMessage = {
    job: { namespace: workspace.namespace, name: "own", uid: metadata.uid ?? "" },
    unit: "video-0",
    attempt: 1,
    sequence: 1_000_000, // later than anything the worker itself says
    stage: "almost",
    fraction,
  };
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const request = JSON.stringify({
    method: "POST",
    redirect: "manual",
    headers,
    body: JSON.stringify(message),
  });
  const post = `fetch(process.argv[2] || process.env.MEDIAJOB_PROGRESS, JSON.parse(process.argv[1])).then((answer) =>
    console.log(JSON.stringify({ code: answer.status, location: answer.headers.get("location") })))`;
  return JSON.parse(await inside(own, "node", "--eval", post, request, to ?? ""));
}

const inside = ({ metadata }: Pod, ...command: string[]): Promise<string> =>
  workspace.cluster.kubectl("exec", "--namespace", workspace.namespace, metadata.name, "--", ...command);
