import { stringify } from "yaml";
import type { z } from "zod";
import { GROUP, VERSION } from "../group.ts";
import { structuralSchema } from "../structural-schema.ts";
import { assertApiConventions } from "./api-conventions.ts";
import { askedOnce } from "./asked-once.ts";

/** A kind of the API: its zod schema and what `kubectl` shows of it. */
export interface Kind {
  schema: z.ZodType;
  scope: "Namespaced" | "Cluster";
  names: {
    kind: string;
    plural: string;
    singular: string;
    shortNames: readonly string[];
    categories: readonly string[];
  };
  /** Columns of `kubectl get`; those with a priority only with `-o wide`. */
  columns: readonly {
    name: string;
    type: string;
    jsonPath: string;
    description: string;
    format?: string;
    priority?: number;
  }[];
}

/**
 * The CustomResourceDefinition of a kind, as apiextensions.k8s.io/v1 takes it. There is no scale subresource:
 * `parallelism` is a bound, not a number of replicas. Throws with field paths when the schema breaks the API
 * conventions.
 */
function customResourceDefinition(kind: Kind) {
  const { names, scope, columns } = kind;
  const schema = structuralSchema(kind.schema);
  assertApiConventions(names.kind, schema);
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${names.plural}.${GROUP}`,
      labels: {
        "app.kubernetes.io/name": "mediajob",
        "app.kubernetes.io/component": "api",
        "app.kubernetes.io/part-of": "mediajob",
      },
    },
    spec: {
      group: GROUP,
      names: { ...names, listKind: `${names.kind}List` },
      scope,
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: askedOnce(schema) },
        },
      ],
    },
  };
}

/** The file a kind's CustomResourceDefinition is kept in, as controller-gen would name it. */
export const fileName = ({ names }: Kind): string => `${GROUP}_${names.plural}.yaml`;

/** A CustomResourceDefinition as the text of its file; the same text for the same schema, always. */
export function customResourceDefinitionYaml(kind: Kind): string {
  const header = "# Generated from crds/*.ts by `npm run crds`; change those instead.\n";
  // YAML 1.1 is what kubectl reads: words that it takes for booleans get their quotes.
  const style = { schema: "yaml-1.1", lineWidth: 110, aliasDuplicateObjects: false } as const;
  return header + stringify(customResourceDefinition(kind), style);
}
