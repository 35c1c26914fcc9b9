import { afterAll, beforeAll, test } from "vitest";
import { parseProvider } from "../../cluster/cluster.ts";
import { surviveOutage } from "../patient-job.ts";
import { createWorkspace, type Workspace } from "../workspace.ts";

let workspace: Workspace;

const isNative = parseProvider(process.env.MEDIAJOB_TEST_CLUSTER) === "native";

/**
 * Longer than the operator may lead without a word from the API server, so that it also has to lead anew. Not much, as
 * the cluster's own parts double the time until they ask again. A minute of it is among the long tests.
 */
const OUTAGE_MS = 12_000;

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
