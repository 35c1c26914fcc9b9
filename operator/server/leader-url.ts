/** How the replicas find the leader: by what the holder of the Lease calls itself. */
import { isIPv6 } from "node:net";

/**
 * What a replica calls itself in the Lease: its name, its address if it has one and, lest a restart be taken for it, a mark.
 *
 * @param mark eight hexadecimal digits
 */
export function identityOf({
  name,
  address,
  port,
  mark,
}: {
  name: string;
  address: string | undefined;
  port: number;
  mark: string;
}): string {
  const host = address && isIPv6(address) ? `[${address}]` : address; // RFC 3986, 3.2.2
  return `${name}${host ? `@${host}:${port}` : ""}_${mark}`;
}

/** The base URL of who calls itself so; undefined when it does not say its address. */
export function leaderUrl(identity: string): string | undefined {
  const [, address] = /@(.+)_[0-9a-f]{8}$/.exec(identity) ?? [];
  return address && `http://${address}`;
}
