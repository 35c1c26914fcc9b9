import { chownSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Kubectl } from "./kubectl.ts";

export interface MediaVolume {
  /** For a pod's persistentVolumeClaim, and a MediaJob's `volume.claimName`. */
  readonly claimName: string;
  /** The same files, seen from here. */
  readonly path: string;
  remove(): Promise<void>;
}

export interface MediaVolumePlace {
  /** A folder that this machine and all nodes see under the same path. */
  readonly directory: string;
  /** Default: "default". */
  readonly namespace?: string;
}

/**
 * A ReadWriteMany claim bound to a folder of this machine that belongs to user and group 1000, as whom workers run.
 * A hostPath volume ignores a pod's fsGroup, so the folder's owner decides who may write.
 */
export async function createMediaVolume(
  kubectl: Kubectl,
  name: string,
  place: MediaVolumePlace,
): Promise<MediaVolume> {
  const { namespace = "default" } = place;
  const volumeName = `${namespace}-${name}`;
  const path = join(place.directory, volumeName);
  rmSync(path, { recursive: true, force: true }); // what an aborted run has left
  mkdirSync(path, { recursive: true });
  chownSync(path, 1000, 1000);
  // One of an aborted run is still bound to a claim that is gone, and would never bind to ours.
  await kubectl("delete", "--ignore-not-found", "--timeout=300s", `persistentvolume/${volumeName}`);
  const capacity = { storage: "10Gi" }; // a hostPath has no limit; a claim must ask for something
  await kubectl.apply([
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: volumeName },
      spec: {
        capacity,
        accessModes: ["ReadWriteMany"],
        storageClassName: "",
        persistentVolumeReclaimPolicy: "Retain",
        hostPath: { path, type: "Directory" },
        claimRef: { namespace, name }, // no other claim may take it
      },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name, namespace },
      spec: {
        accessModes: ["ReadWriteMany"],
        storageClassName: "",
        volumeName,
        resources: { requests: capacity },
      },
    },
  ]);
  // After an outage of the API server the controllers look again only after a while.
  const bound = ["--for=jsonpath={.status.phase}=Bound", `persistentvolumeclaim/${name}`, "--timeout=300s"];
  await kubectl("wait", "--namespace", namespace, ...bound);
  return {
    claimName: name,
    path,
    remove: async () => {
      const quietly = ["--ignore-not-found", "--wait=false"]; // both go only with the last pod that names them
      await kubectl("delete", ...quietly, "--namespace", namespace, `persistentvolumeclaim/${name}`);
      await kubectl("delete", ...quietly, `persistentvolume/${volumeName}`);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
