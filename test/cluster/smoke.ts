import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { baseImage } from "./base-image.ts";
import type { Cluster } from "./cluster.ts";
import type { Kubectl } from "./kubectl.ts";
import type { MediaVolume } from "./media-volume.ts";
import { until } from "./until.ts";

const namespace = "smoke";

/** What every worker pod has: nothing in these tests may depend on more. */
const restricted = {
  podSecurity: {
    runAsNonRoot: true,
    runAsUser: 1000,
    runAsGroup: 1000,
    seccompProfile: { type: "RuntimeDefault" },
  },
  containerSecurity: {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
  },
};

interface Trial {
  readonly name: string;
  /** Runs as `node --eval`, in a pod. */
  readonly program: string;
  readonly pod?: Readonly<Record<string, unknown>>;
  readonly resources?: Readonly<Record<string, unknown>>;
}

/** Proves, on a running cluster, all that the end-to-end tests take for granted; throws at the first that fails. */
export async function runSmokeTest(cluster: Cluster): Promise<void> {
  const { kubectl } = cluster;
  await cluster.loadImages(baseImage);
  await kubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=300s");
  await kubectl("create", "namespace", namespace);
  const media = await cluster.createMediaVolume("media", { namespace });
  try {
    for (const proof of proofs) {
      const startedAt = Date.now();
      await proof.prove(cluster, media);
      console.log(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${proof.claim}`);
    }
  } finally {
    await media.remove();
    await kubectl("delete", "namespace", namespace, "--wait=false");
  }
}

const gpuPlacement = {
  nodeSelector: { "mediajob.dev/pool": "gpu" },
  tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
};

const proofs: readonly { claim: string; prove: (cluster: Cluster, media: MediaVolume) => Promise<void> }[] = [
  {
    claim: "a restricted Job completes on the CPU pool, and its log can be read",
    prove: async (cluster) => {
      const trial = { name: "cpu", program: "console.log('from', process.getuid())", pod: pool("cpu") };
      expect(await completes(cluster, trial), "from 1000");
    },
  },
  {
    claim: "a Job that asks for a GPU completes on the GPU pool",
    prove: async (cluster) => {
      const resources = { limits: { "nvidia.com/gpu": "1" } };
      expect(
        await completes(cluster, {
          name: "gpu",
          program: "console.log('done')",
          pod: gpuPlacement,
          resources,
        }),
        "done",
      );
    },
  },
  {
    claim: "a pod reaches the API server by service address and by name",
    prove: async (cluster) => {
      const program = `
        const account = "/var/run/secrets/kubernetes.io/serviceaccount/";
        const read = (name) => require("node:fs").readFileSync(account + name, "utf8");
        for (const host of [process.env.KUBERNETES_SERVICE_HOST, "kubernetes.default.svc", "kubernetes.default"])
          await new Promise((resolve, reject) => require("node:https").get("https://" + host + "/api", {
            ca: read("ca.crt"), headers: { authorization: "Bearer " + read("token") },
          }, (response) => resolve(console.log(response.statusCode))).on("error", reject));
        process.exit();`;
      expect(await completes(cluster, { name: "api", program }), "200\n200\n200");
    },
  },
  {
    claim: "a name that does not exist is said not to exist, at once",
    prove: async (cluster) => {
      const program = `
        const startedAt = Date.now();
        const code = await require("node:dns/promises").lookup("nowhere.invalid").catch((error) => error.code);
        console.log(code, Date.now() - startedAt < 2000);`;
      expect(await completes(cluster, { name: "nowhere", program }), "ENOTFOUND true");
    },
  },
  {
    claim: "a pod calls a webhook receiver on this machine, by address and by name",
    prove: async (cluster) => {
      const server = createServer((request, response) => response.end(request.url)).listen(0, "0.0.0.0");
      await once(server, "listening");
      const address = server.address();
      const port = address && typeof address === "object" ? address.port : 0;
      const program = `
        for (const host of ${JSON.stringify([cluster.hostAddress, cluster.hostName])})
          console.log(await (await fetch("http://" + host + ":${port}/hook")).text());`;
      try {
        expect(await completes(cluster, { name: "webhook", program }), "/hook\n/hook");
      } finally {
        server.close();
      }
    },
  },
  {
    claim: "pods of both pools share a volume, which user 1000 writes and this machine reads",
    prove: async (cluster, media) => {
      const write = `require("node:fs").writeFileSync("/media/a.txt", "hello")`;
      const read = `console.log(require("node:fs").readFileSync("/media/a.txt", "utf8"))`;
      await completes(cluster, { name: "write", program: write, pod: pool("cpu") });
      expect(await completes(cluster, { name: "read", program: read, pod: gpuPlacement }), "hello");
      expect(
        existsSync(join(media.path, "a.txt")) && readFileSync(join(media.path, "a.txt"), "utf8"),
        "hello",
      );
    },
  },
  {
    claim: "a pod over its memory limit ends as OOMKilled with 137",
    prove: async (cluster) => {
      const program = "const held = []; for (;;) held.push(Buffer.alloc(16 * 1024 * 1024, 1));";
      const trial = { name: "oom", program, resources: { limits: { memory: "96Mi" } } };
      expect(await terminationOf(cluster, trial), "OOMKilled 137");
    },
  },
  {
    claim: "a container's termination message arrives in the pod's status",
    prove: async (cluster) => {
      const program = `require("node:fs").writeFileSync("/dev/termination-log", "the summary"); process.exit(3);`;
      expect(await terminationOf(cluster, { name: "message", program }), "Error 3 the summary");
    },
  },
];

function pool(name: string): Record<string, unknown> {
  return { nodeSelector: { "mediajob.dev/pool": name } };
}

/** Runs the trial as a Job to its success and gives its log. */
async function completes({ kubectl }: Cluster, trial: Trial): Promise<string> {
  const end = await runJob(kubectl, trial);
  const log = await kubectl("logs", "--namespace", namespace, `job/${trial.name}`);
  if (end === "Complete") return log;
  throw new Error(`Job ${trial.name} ended as ${end}; its log:\n${log}`);
}

/** Runs the trial as a Job that fails and gives what its container's end was: reason, exit code and message. */
async function terminationOf({ kubectl }: Cluster, trial: Trial): Promise<string> {
  await runJob(kubectl, trial);
  const { items } = await kubectl.json<{ items: EndedPod[] }>(...podsOf(trial));
  const ended = items[0]?.status.containerStatuses?.[0]?.state.terminated;
  return `${ended?.reason} ${ended?.exitCode} ${ended?.message ?? ""}`.trim();
}

/** Gives the condition that the Job ended with: Complete or Failed. */
async function runJob(kubectl: Kubectl, trial: Trial): Promise<string> {
  await kubectl.apply([jobOf(trial)]);
  return await until(
    `the end of job ${trial.name}`,
    async () => {
      const { status } = await kubectl.json<EndedJob>("get", "job", "--namespace", namespace, trial.name);
      return status.conditions?.find(({ type }) => type === "Complete" || type === "Failed")?.type;
    },
    { timeoutMs: 60_000, everyMs: 200 },
  ).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await kubectl("describe", ...podsOf(trial).slice(1))}`);
  });
}

function podsOf(trial: Trial): string[] {
  return ["get", "pods", "--namespace", namespace, "--selector", `job-name=${trial.name}`];
}

interface EndedJob {
  status: { conditions?: { type: string }[] };
}

interface EndedPod {
  status: {
    containerStatuses?: { state: { terminated?: { reason: string; exitCode: number; message?: string } } }[];
  };
}

function jobOf({ name, program, pod = {}, resources = {} }: Trial): object {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace },
    spec: {
      backoffLimit: 0,
      podReplacementPolicy: "Failed",
      template: {
        spec: {
          restartPolicy: "Never",
          securityContext: restricted.podSecurity,
          containers: [
            {
              name: "trial",
              image: baseImage,
              imagePullPolicy: "IfNotPresent",
              command: [
                "node",
                "--input-type=module",
                "--eval",
                `const require = process.getBuiltinModule("node:module").createRequire("/");\n${program}`,
              ],
              securityContext: restricted.containerSecurity,
              resources,
              volumeMounts: [{ name: "media", mountPath: "/media" }],
            },
          ],
          volumes: [{ name: "media", persistentVolumeClaim: { claimName: "media" } }],
          ...pod,
        },
      },
    },
  };
}

function expect(actual: unknown, expected: unknown): void {
  if (actual !== expected)
    throw new Error(`Expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}
