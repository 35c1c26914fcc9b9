import { PLANNED_FAMILIES } from "../../../../crds/outputs/output.ts";
import { type Row, refused } from "../row.ts";

/** What the API has a place for and nobody does yet: refused, never accepted and dropped. */
export const reservedRows: Row[] = [
  ...PLANNED_FAMILIES.flatMap((family) =>
    [{}, { format: "any", deep: { er: [1, 2] } }].map((fields) =>
      refused(
        `the planned family ${family}, written ${JSON.stringify(fields)}`,
        { spec: { outputs: [{ name: "later", [family]: fields }] } },
        {
          field: `spec.outputs[0].${family}`,
          server: `the output family ${family} is not available in this version: no worker makes it yet`,
        },
      ),
    ),
  ),
  refused(
    "a preset",
    { spec: { presetRef: { kind: "MediaPreset", name: "web" } } },
    { field: "spec.presetRef", server: "presetRef is not available in this version" },
  ),
];
