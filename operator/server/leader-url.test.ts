import { expect, test } from "vitest";
import { identityOf, leaderUrl } from "./leader-url.ts";

test.each([
  { name: "an IPv4 address", address: "10.0.0.7", url: "http://10.0.0.7:8080/progress" },
  { name: "an IPv6 address", address: "fd00:10:244::7", url: "http://[fd00:10:244::7]:8080/progress" },
])("a worker is sent to the leader at $name", ({ address, url }) => {
  const identity = identityOf({ name: "operator-0", address, port: 8080, mark: "0a1b2c3d" });
  expect(new URL("/progress", leaderUrl(identity)).href).toBe(url);
});

test("a leader outside a pod has no address", () => {
  const identity = identityOf({ name: "laptop", address: undefined, port: 8080, mark: "0a1b2c3d" });
  expect([identity, leaderUrl(identity)]).toEqual(["laptop_0a1b2c3d", undefined]);
});
