import { PLANNED_FAMILIES } from "../../../../crds/outputs/output.ts";
import { destination, thumbnail } from "../manifest.ts";
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
  ...["s3", "http"].flatMap((kind) =>
    [{ volume: undefined }, {}].map((fields) => {
      const beside = "volume" in fields ? "" : ", beside a volume";
      const volume = { claimName: "media", path: "in/beach.jpg" };
      return refused(
        `a source by ${kind}${beside}`,
        { spec: { sources: [{ name: "beach", volume, [kind]: { any: ["field"] }, ...fields }] } },
        { field: `spec.sources[0].${kind}`, server: `${kind} is not available in this version` },
      );
    }),
  ),
  refused(
    "a destination by s3",
    { spec: { destination: destination({ s3: { bucket: "media" } }) } },
    { field: "spec.destination.s3", server: "s3 is not available in this version" },
  ),
  refused(
    "an output made from another",
    { spec: { outputs: [thumbnail("large"), { ...thumbnail("small"), from: "large" }] } },
    { field: "spec.outputs[1].from", server: "from is not available in this version" },
  ),
  refused(
    "a preset",
    { spec: { presetRef: { kind: "MediaPreset", name: "web" } } },
    { field: "spec.presetRef", server: "presetRef is not available in this version" },
  ),
];
