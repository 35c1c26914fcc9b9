import { expect, test } from "vitest";
import { mergePatchOf } from "./merge-patch.ts";

test.each([
  { name: "equal objects need no patch", from: { a: { b: [1] } }, to: { a: { b: [1] } }, patch: undefined },
  { name: "a new field is set", from: {}, to: { phase: "Running" }, patch: { phase: "Running" } },
  {
    name: "a field that is gone is null",
    from: { queue: { reason: "PoolFull" } },
    to: {},
    patch: { queue: null },
  },
  {
    name: "only what differs inside an object is sent",
    from: { progress: { percent: 1, etaSeconds: 5 } },
    to: { progress: { percent: 2 } },
    patch: { progress: { percent: 2, etaSeconds: null } },
  },
  {
    name: "a list is replaced whole",
    from: { outputs: [1] },
    to: { outputs: [1, 2] },
    patch: { outputs: [1, 2] },
  },
  {
    name: "the order of fields within a list's items is no difference",
    from: { conditions: [{ status: "True", type: "Ready", of: [1] }] },
    to: { conditions: [{ type: "Ready", status: "True", of: [1], message: undefined }] },
    patch: undefined,
  },
  {
    name: "one field of one item makes a list another",
    from: { conditions: [{ type: "Ready", status: "True" }] },
    to: { conditions: [{ type: "Ready", status: "False" }] },
    patch: { conditions: [{ type: "Ready", status: "False" }] },
  },
  { name: "an undefined field is no field", from: {}, to: { queue: undefined }, patch: undefined },
])("$name", ({ from, to, patch }) => expect(mergePatchOf(from, to)).toEqual(patch));
