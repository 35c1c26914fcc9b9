import type { LookupAddress } from "node:dns";
import type { lookup } from "node:dns/promises";
import { expect, test } from "vitest";
import { AddressGuard, type Allowed, isPublicAddress } from "./address-guard.ts";

test.each([
  ["8.8.8.8", true],
  ["2606:4700::1111", true],
  ["127.0.0.1", false],
  ["10.1.2.3", false],
  ["172.16.0.1", false],
  ["192.168.1.1", false],
  ["169.254.169.254", false],
  ["168.63.129.16", false],
  ["192.0.0.192", false],
  ["100.64.0.1", false],
  ["100.100.100.200", false],
  ["198.18.0.1", false],
  ["0.0.0.0", false],
  ["224.0.0.1", false],
  ["240.0.0.1", false],
  ["255.255.255.255", false],
  ["::1", false],
  ["::", false],
  ["fe80::1", false],
  ["fe80::1%eth0", false],
  ["fec0::1", false],
  ["ff02::1", false],
  ["fd00:ec2::254", false],
  ["2001:db8::1", false],
  ["::ffff:127.0.0.1", false],
  ["::ffff:a9fe:a9fe", false],
  ["::ffff:8.8.8.8", true],
  ["::ffff:0:7f00:1", false],
  ["::7f00:1", false],
  ["64:ff9b::7f00:1", false],
  ["64:ff9b::a9fe:a9fe", false],
  ["64:ff9b::808:808", true],
  ["64:ff9b:1::808:808", false],
  ["2002:7f00:1::", false],
  ["2002:808:808::1", true],
  ["2001:0:808:808::1", false],
  ["4000::1", false],
])("%s is public: %s", (address, expected) => expect(isPublicAddress(address)).toBe(expected));

const nothing: Allowed = { all: false, cidrs: [], hosts: [] };

test.each([
  "http://127.0.0.1/",
  "http://[::1]:8080/",
  "http://[::ffff:169.254.169.254]/",
  "http://2130706433/",
  "http://0x7f.1/",
  "http://0177.0.0.1/",
  "http://169.254.169.254/latest/meta-data/",
])("%s is refused by its address alone", (url) =>
  expect(() => new AddressGuard(nothing).checkLiteral(new URL(url))).toThrow("not a public address"),
);

/** What a name resolves to, one answer after the other; the last one stays. */
const resolver = (...answers: string[][]) =>
  (async () => {
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  }) as unknown as typeof lookup;

const resolve = (guard: AddressGuard, name: string) =>
  new Promise<string>((done) =>
    guard.lookup(name, { all: true }, (error, addresses) =>
      done(error ? error.message : (addresses as LookupAddress[]).map(({ address }) => address).join()),
    ),
  );

test.each([
  { name: "a public address", answer: ["8.8.8.8"], expected: "8.8.8.8" },
  { name: "a private one", answer: ["10.0.0.7"], expected: "not a public address" },
  { name: "a private one among public ones", answer: ["8.8.8.8", "::1"], expected: "not a public address" },
  { name: "one in an allowed range", answer: ["10.20.1.1"], cidrs: ["10.20.0.0/16"], expected: "10.20.1.1" },
  { name: "one beside it", answer: ["10.21.1.1"], cidrs: ["10.20.0.0/16"], expected: "not a public address" },
  { name: "one in an allowed IPv6 range", answer: ["fd00::7"], cidrs: ["fd00::/8"], expected: "fd00::7" },
  { name: "another family's range", answer: ["10.0.0.1"], cidrs: ["::/0"], expected: "not a public address" },
  { name: "an allowed name", answer: ["10.0.0.7"], hosts: ["hooks.test"], expected: "10.0.0.7" },
  { name: "a name below an allowed one", answer: ["10.0.0.7"], hosts: ["*.test"], expected: "10.0.0.7" },
  {
    name: "a name that only looks so",
    answer: ["10.0.0.7"],
    hosts: ["*.ooks.test"],
    expected: "not a public",
  },
])("$name resolves to: $expected", async ({ answer, cidrs = [], hosts = [], expected }) => {
  const guard = new AddressGuard({ all: false, cidrs, hosts }, resolver(answer));
  expect(await resolve(guard, "hooks.test")).toContain(expected);
});

test("a name is looked up once for all who ask meanwhile, so that slow servers hold one thread; then anew", async () => {
  const answers: ((addresses: LookupAddress[]) => void)[] = [];
  const guard = new AddressGuard(
    nothing,
    ((_: string, __: object) => new Promise((answer) => void answers.push(answer))) as typeof lookup,
  );
  const slow = [resolve(guard, "slow.test"), resolve(guard, "slow.test")];
  const other = resolve(guard, "other.test");
  expect(answers).toHaveLength(2);
  answers[1]?.([{ address: "8.8.4.4", family: 4 }]);
  expect(await other).toBe("8.8.4.4");
  answers[0]?.([{ address: "8.8.8.8", family: 4 }]);
  expect(await Promise.all(slow)).toEqual(["8.8.8.8", "8.8.8.8"]);
  void resolve(guard, "slow.test");
  expect(answers).toHaveLength(3);
});
