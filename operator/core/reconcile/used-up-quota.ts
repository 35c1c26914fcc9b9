import { readQuantity } from "../quantity.ts";

/** What the API server says of an object for which a ResourceQuota has no room: `pods=1,requests.cpu=2`, three times. */
const EXCEEDED = /\bexceeded quota: .*, requested: (\S+), used: \S+, limited: (\S+)/;

/**
 * Whether the cluster's words are those of a quota that others have used up, which has room once they have ended. One that
 * allows less than is asked for never has.
 */
export function isUsedUpQuota(message: string): boolean {
  const [, requested, limited] = EXCEEDED.exec(message) ?? [];
  if (!requested || !limited) return false;
  const limits = new Map(amountsOf(limited));
  return amountsOf(requested).every(([resource, amount]) => amount <= (limits.get(resource) ?? 0));
}

/**
 * Whether the cluster's words are those of a quota that has no room for an extended resource, which an accelerator is, be it
 * used up or smaller than what is asked for.
 */
export function isQuotaOfDevices(message: string): boolean {
  const [, requested = ""] = EXCEEDED.exec(message) ?? [];
  return amountsOf(requested).some(([resource]) => /^requests\.[^/]+\/./.test(resource));
}

/** Of each resource of a list such as `pods=1,requests.memory=2Gi`. */
const amountsOf = (list: string): [resource: string, amount: number][] =>
  list.split(",").map((each) => {
    const [resource = "", amount = ""] = each.split("=");
    return [resource, readQuantity(amount)];
  });
