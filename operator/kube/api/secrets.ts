import type { Clock } from "../clock.ts";
import type { KubeClient } from "./client.ts";
import { SECRETS } from "./resources.ts";

/**
 * Many events at once are signed by one read: reading for each took longer than sending it. Short enough that a
 * rotated secret is used at once, as people see it.
 */
const SHARED_MS = 1_000;

/**
 * Reads one value of a Secret, anew each second at least: Secrets are not watched, so the operator needs no right to
 * list them, and holds none for longer. A failure is not shared.
 */
export function secretReader(
  client: Pick<KubeClient, "get">,
  clock: Clock,
): (namespace: string, ref: { name: string; key: string }) => Promise<string> {
  const shared = new Map<string, Promise<string>>();
  return (namespace, ref) => {
    const place = `${namespace}/${ref.name}/${ref.key}`;
    const known = shared.get(place);
    if (known) return known;
    const value = read(client, namespace, ref);
    const forget = () => {
      if (shared.get(place) === value) shared.delete(place);
    };
    shared.set(place, value);
    const cancel = clock.after(SHARED_MS, forget);
    value.catch(() => {
      cancel();
      forget();
    });
    return value;
  };
}

async function read(
  client: Pick<KubeClient, "get">,
  namespace: string,
  { name, key }: { name: string; key: string },
): Promise<string> {
  const secret = await client.get(SECRETS, { namespace, name });
  if (!secret) throw new Error(`there is no Secret ${name} in the namespace ${namespace}`);
  const value = secret.data?.[key];
  if (!value) throw new Error(`the Secret ${namespace}/${name} has no key ${key}`);
  return Buffer.from(value, "base64").toString("utf8").trim();
}
