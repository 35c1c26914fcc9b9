/** Factor of each suffix of a Kubernetes quantity. */
const FACTORS: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number a Kubernetes quantity stands for: `512Mi` is 536870912. Throws on anything else. */
export function parseQuantity(quantity: string): number {
  const number = readQuantity(quantity);
  if (Number.isNaN(number))
    throw new Error(`expected a Kubernetes quantity such as 512Mi, got "${quantity}"`);
  return number;
}

/** The same of what somebody else wrote; NaN where that is no quantity. */
export function readQuantity(quantity: string): number {
  const [, digits, suffix = ""] = /^([0-9]+(?:\.[0-9]+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(quantity) ?? [];
  return Number(digits) * (FACTORS[suffix] ?? 1);
}

/** Bytes as a Kubernetes quantity of whole mebibytes, rounded up: 536870912 is `512Mi`. */
export const mebi = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}Mi`;
