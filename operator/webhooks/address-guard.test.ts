import { expect, test } from "vitest";
import { isPublicAddress, refuseLiteralAddress } from "./address-guard.ts";

test.each([
  ["8.8.8.8", true],
  ["2606:4700::1111", true],
  ["127.0.0.1", false],
  ["10.1.2.3", false],
  ["172.16.0.1", false],
  ["192.168.1.1", false],
  ["169.254.169.254", false],
  ["100.64.0.1", false],
  ["0.0.0.0", false],
  ["224.0.0.1", false],
  ["255.255.255.255", false],
  ["::1", false],
  ["::", false],
  ["fe80::1", false],
  ["fd00:ec2::254", false],
  ["::ffff:127.0.0.1", false],
  ["::ffff:8.8.8.8", true],
  ["64:ff9b::7f00:1", false],
  ["64:ff9b::808:808", true],
  ["2002:7f00:1::", false],
])("%s is public: %s", (address, expected) => expect(isPublicAddress(address)).toBe(expected));

test.each(["http://127.0.0.1/", "http://[::1]:8080/", "http://2130706433/", "http://0x7f.1/"])(
  "%s is refused by its address alone",
  (url) => expect(() => refuseLiteralAddress(new URL(url))).toThrow("not a public address"),
);
