import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { binaries, kubernetesVersion } from "../cluster/binaries.ts";
import { command } from "../cluster/command.ts";

export const repository = join(import.meta.dirname, "../..");
export const chart = join(repository, "charts/mediajob");

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: manifests of every kind, read in assertions only
  readonly [field: string]: any;
}

/** Every part of the chart that a cluster without further CustomResourceDefinitions takes. */
export const everythingOn = {
  replicas: 2,
  podDisruptionBudget: { enabled: true },
  networkPolicy: { enabled: true, egress: [{ ports: [{ port: 443 }, { port: 53, protocol: "UDP" }] }] },
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway" },
  ],
  rbac: { secretNamespaces: ["films"] },
  extraEnv: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=256" }],
  extraVolumes: [{ name: "ca", configMap: { name: "ca" } }],
  extraVolumeMounts: [{ name: "ca", mountPath: "/etc/ca", readOnly: true }],
  commonLabels: { team: "media" },
  podLabels: { mesh: "off" },
  podAnnotations: { note: "here" },
  priorityClassName: "system-cluster-critical",
  imagePullSecrets: [{ name: "registry" }],
  affinity: { podAntiAffinity: {} },
  tolerations: [{ operator: "Exists" }],
};

/** Runs helm, with these values if any; with a kubeconfig, against that cluster. Throws what helm said when it fails. */
export async function helm(
  args: readonly string[],
  { values, kubeconfig = "" }: { values?: object; kubeconfig?: string } = {},
): Promise<string> {
  const { helm: binary } = await binaries("helm");
  const env = { KUBECONFIG: kubeconfig };
  if (values === undefined) return await command(binary, args, { env });
  const directory = await mkdtemp(join(tmpdir(), "mediajob-chart-"));
  try {
    const valuesFile = join(directory, "values.json");
    await writeFile(valuesFile, JSON.stringify(values));
    return await command(binary, [...args, "--values", valuesFile], { env });
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** What the chart, released as `media` in the namespace `media`, is made of. */
export async function render(values: object = {}): Promise<Manifest[]> {
  const text = await helm(
    ["template", "media", chart, "--namespace", "media", "--kube-version", kubernetesVersion()],
    { values },
  );
  return parseAllDocuments(text).map((document) => {
    for (const error of document.errors) throw error; // a key that comes twice, which helm and the API server let pass
    return document.toJS() as Manifest;
  });
}

/** The one manifest of a kind; throws when there is none or more. */
export function only(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, ...more] = manifests.filter((manifest) => manifest.kind === kind);
  if (!found || more.length > 0)
    throw new Error(`expected one ${kind}, found ${found ? more.length + 1 : 0}`);
  return found;
}
