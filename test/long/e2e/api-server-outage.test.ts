import { afterAll, beforeAll, test } from "vitest";
import { parseProvider } from "../../cluster/cluster.ts";
import { surviveOutage } from "../../e2e/patient-job.ts";
import { createWorkspace, type Workspace } from "../../e2e/workspace.ts";

let workspace: Workspace;

const isNative = parseProvider(process.env.MEDIAJOB_TEST_CLUSTER) === "native";

/** Longer than the node controller waits for a node's word, so that all nodes are thought lost for a moment. */
const OUTAGE_MS = 60_000;

beforeAll(async () => {
  workspace = await createWorkspace("long-outage");
  workspace.put("walk.mp4");
  workspace.put("meadow.jpg");
});

afterAll(() => workspace?.remove());

test.runIf(isNative)("the API server is away for a minute: no result is lost, no unit runs twice", () =>
  surviveOutage(workspace, OUTAGE_MS),
);
