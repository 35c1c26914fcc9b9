import type { KubeClient } from "./client.ts";
import { SECRETS } from "./resources.ts";

/**
 * Reads one value of a Secret, each time anew: Secrets are not watched, so the operator needs no right to
 * list them, and holds none longer than it takes to sign.
 */
export const secretReader =
  (client: Pick<KubeClient, "get">) =>
  async (namespace: string, { name, key }: { name: string; key: string }): Promise<string> => {
    const secret = await client.get(SECRETS, { namespace, name });
    if (!secret) throw new Error(`there is no Secret ${name} in the namespace ${namespace}`);
    const value = secret.data?.[key];
    if (!value) throw new Error(`the Secret ${namespace}/${name} has no key ${key}`);
    return Buffer.from(value, "base64").toString("utf8").trim();
  };
