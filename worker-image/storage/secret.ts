import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkFailure } from "../work-failure.ts";

/** One value of a Secret. */
export interface SecretRef {
  name: string;
  key: string;
}

/**
 * Reads one value of a Secret from where the kubelet mounts it. The mount is optional, so that a Secret that is
 * missing is told at once by the worker, and not by a pod that never starts.
 *
 * @throws WorkFailure SecretMissing.
 */
export async function readSecret(
  { name, key }: SecretRef,
  secretRoot: (name: string) => string,
): Promise<Buffer> {
  try {
    return await readFile(join(secretRoot(name), key));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such Secret, or it has no such key" : `${code}`;
    throw new WorkFailure(
      "SecretMissing",
      `the key ${key} of the Secret ${name} cannot be read: ${why}; make it in the MediaJob's namespace and run the MediaJob again`,
    );
  }
}
