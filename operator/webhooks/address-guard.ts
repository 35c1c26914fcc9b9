import { type LookupOptions, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** Refusal to connect to an address that a user must not reach through the operator. */
export class ForbiddenAddressError extends Error {}

/**
 * Whether an address is public. All else - loopback, private, link-local (and with it every cloud's metadata
 * service), unique local, carrier-grade NAT, multicast, reserved - would let a user talk to what only the
 * operator can reach. Addresses that carry an IPv4 one inside are judged by that.
 */
export function isPublicAddress(address: string): boolean {
  const parsed = ipaddr.process(address); // ::ffff:a.b.c.d becomes a.b.c.d
  if (parsed.kind() === "ipv6") {
    const embedded = embeddedIpv4(parsed as ipaddr.IPv6);
    if (embedded) return embedded.range() === "unicast";
  }
  return parsed.range() === "unicast";
}

/** The IPv4 address inside a NAT64 (RFC 6052, 64:ff9b::/96) or 6to4 (RFC 3056, 2002::/16) address. */
function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const bytes = address.toByteArray();
  if (address.range() === "rfc6052") return new ipaddr.IPv4(bytes.slice(12));
  if (address.range() === "6to4") return new ipaddr.IPv4(bytes.slice(2, 6));
  return undefined;
}

/**
 * A DNS lookup that yields only public addresses. Given to the socket itself, so that the address that was
 * checked is the one that is connected to: a name that resolves otherwise a moment later gains nothing.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  const all: LookupOptions & { all: true } = { ...options, all: true };
  lookup(hostname, all, (error, addresses) => {
    if (error) return callback(error, "", 0);
    const forbidden = addresses.find(({ address }) => !isPublicAddress(address));
    if (forbidden) return callback(refusal(hostname, forbidden.address), "", 0);
    if (options.all) return callback(null, addresses);
    const [first] = addresses;
    return first
      ? callback(null, first.address, first.family)
      : callback(new Error(`${hostname} has no address`), "", 0);
  });
};

/** Refuses a URL whose host is itself an address that is not public; names are left to `publicLookup`. */
export function refuseLiteralAddress(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(host) && !isPublicAddress(host)) throw refusal(host, host);
}

const refusal = (host: string, address: string) =>
  new ForbiddenAddressError(
    `${host} is ${address}, which is not a public address; the operator's configuration can allow it (webhooks.allowPrivateAddresses)`,
  );
