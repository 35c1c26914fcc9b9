/** Factor of each suffix of a Kubernetes quantity. */
const FACTORS: Record<string, number> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The number a Kubernetes quantity stands for: `512Mi` is 536870912. Throws on anything else. */
export function parseQuantity(quantity: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/.exec(quantity);
  if (!match) throw new Error(`expected a Kubernetes quantity such as 512Mi, got "${quantity}"`);
  return Number(match[1]) * (FACTORS[match[2] ?? ""] ?? 1);
}

/** Bytes as a Kubernetes quantity of whole mebibytes, rounded up: 536870912 is `512Mi`. */
export const mebi = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}Mi`;
