import { afterAll, beforeAll, test } from "vitest";
import { parseProvider } from "../../cluster/cluster.ts";
import { surviveOutage } from "../patient-job.ts";
import { createWorkspace, type Workspace } from "../workspace.ts";

let workspace: Workspace;

const isNative = parseProvider(process.env.MEDIAJOB_TEST_CLUSTER) === "native";

/** Longer than the operator may lead without a word from the API server, so that it also has to lead anew. */
const OUTAGE_MS = 20_000;

beforeAll(async () => {
  workspace = await createWorkspace("api-server-outage");
  workspace.put("walk.mp4");
  workspace.put("meadow.jpg");
});

afterAll(() => workspace?.remove());

test.runIf(isNative)(
  "the API server is away: a worker goes on, its result is not lost, the rest follows",
  () => surviveOutage(workspace, OUTAGE_MS),
);
