import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** What the operator's configuration lets webhooks reach though it is not public. */
export interface Allowed {
  /** Every address. */
  all: boolean;
  /** Addresses, e.g. `10.20.0.0/16`. */
  cidrs: readonly string[];
  /** Names whose addresses are not looked at, e.g. `hooks.media.svc`; `*.media.svc` is every name below. */
  hosts: readonly string[];
}

/** Refusal to connect to an address that a user must not reach through the operator. */
export class ForbiddenAddressError extends Error {}

/**
 * Says which addresses a webhook may go to: those that are public, and those that the configuration allows. All else
 * - loopback, private, link-local (and with it every cloud's metadata service), unique local, carrier-grade NAT,
 * multicast, reserved - would let a user talk to what only the operator can reach.
 */
export class AddressGuard {
  #allowed: Allowed;
  #ranges: ReturnType<typeof ipaddr.parseCIDR>[];
  readonly #lookup: typeof lookup;
  /** Lookups under way. Each holds a thread, for half a minute or more where a name's servers are silent. */
  readonly #underWay = new Map<string, Promise<LookupAddress[]>>();

  constructor(allowed: Allowed, resolve: typeof lookup = lookup) {
    this.#allowed = allowed;
    this.#ranges = rangesOf(allowed);
    this.#lookup = resolve;
  }

  /** From now on this is allowed, for connections that are made anew. */
  allow(allowed: Allowed): void {
    this.#allowed = allowed;
    this.#ranges = rangesOf(allowed);
  }

  /** Refuses a URL whose host is itself an address that is not allowed; names are left to `lookup`. */
  checkLiteral(url: URL): void {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (ipaddr.isValid(host) && !this.#isAllowed(host)) throw refusal(host, host);
  }

  /**
   * A DNS lookup that yields only allowed addresses. Given to the socket itself, so that the address that was
   * checked is the one that is connected to: a name that resolves otherwise a moment later gains nothing.
   */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    const judge = (addresses: LookupAddress[]) => {
      const forbidden = addresses.find(({ address }) => !this.#isAllowed(address));
      if (forbidden && !this.#isAllowedName(hostname)) {
        return callback(refusal(hostname, forbidden.address), "", 0);
      }
      if (options.all) return callback(null, addresses);
      const [first] = addresses;
      return first
        ? callback(null, first.address, first.family)
        : callback(new Error(`${hostname} has no address`), "", 0);
    };
    this.#addressesOf(hostname, options).then(judge, (error) => callback(error, "", 0));
  };

  /** Who asks for a name that is being looked up waits for the same answer, and costs no thread of its own. */
  #addressesOf(hostname: string, options: LookupOptions): Promise<LookupAddress[]> {
    const asked = [hostname, options.family, options.hints].join();
    const lookup =
      this.#underWay.get(asked) ??
      this.#lookup(hostname, { ...options, all: true }).finally(() => this.#underWay.delete(asked));
    this.#underWay.set(asked, lookup);
    return lookup;
  }

  #isAllowed(address: string): boolean {
    if (this.#allowed.all || isPublicAddress(address)) return true;
    const parsed = ipaddr.process(address);
    return this.#ranges.some(
      (range) =>
        range[0].kind() === parsed.kind() && parsed.match(range as [ipaddr.IPv4 & ipaddr.IPv6, number]),
    );
  }

  #isAllowedName(hostname: string): boolean {
    const name = hostname.toLowerCase().replace(/\.$/, "");
    return this.#allowed.hosts.some((pattern) =>
      pattern.startsWith("*.") ? name.endsWith(pattern.slice(1)) : name === pattern,
    );
  }
}

/** Public by their range, but a cloud's own: Azure answers its machines there, with their secrets among others. */
const METADATA_ADDRESSES = new Set(["168.63.129.16"]);

/** All that is routed on the public Internet (RFC 4291, 2.4). ipaddr.js takes what it does not know for unicast. */
const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3") as [ipaddr.IPv6, number];

/** NAT64 (RFC 6052); the locally chosen prefixes of RFC 8215 lead into a private network. */
const NAT64 = ipaddr.parseCIDR("64:ff9b::/96") as [ipaddr.IPv6, number];

/** Whether an address is public. Addresses that carry an IPv4 one inside are judged by that. */
export function isPublicAddress(address: string): boolean {
  const parsed = ipaddr.process(address); // ::ffff:a.b.c.d becomes a.b.c.d
  if (parsed.kind() === "ipv4") {
    return parsed.range() === "unicast" && !METADATA_ADDRESSES.has(parsed.toString());
  }
  const ipv6 = parsed as ipaddr.IPv6;
  const bytes = ipv6.toByteArray();
  if (ipv6.match(NAT64)) return isPublicAddress(new ipaddr.IPv4(bytes.slice(12)).toString());
  if (ipv6.range() === "6to4") return isPublicAddress(new ipaddr.IPv4(bytes.slice(2, 6)).toString()); // RFC 3056
  return ipv6.range() === "unicast" && ipv6.match(GLOBAL_UNICAST);
}

const refusal = (host: string, address: string) =>
  new ForbiddenAddressError(
    `${host} is ${address}, which is not a public address; the operator's configuration can allow it (webhooks.allow)`,
  );

const rangesOf = ({ cidrs }: Allowed) => cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
