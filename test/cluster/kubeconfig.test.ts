import { expect, test } from "vitest";
import { parse } from "yaml";
import { kubeconfig } from "./kubeconfig.ts";

test("a kubeconfig names its current context and carries its certificates as base64", () => {
  const config = parse(
    kubeconfig({ server: "https://127.0.0.1:6443", authority: "CA", certificate: "CERT", key: "KEY" }),
  );
  const context = config.contexts.find(
    (one: { name: string }) => one.name === config["current-context"],
  ).context;
  const { cluster } = config.clusters.find((one: { name: string }) => one.name === context.cluster);
  const { user } = config.users.find((one: { name: string }) => one.name === context.user);
  expect(cluster).toEqual({ server: "https://127.0.0.1:6443", "certificate-authority-data": "Q0E=" });
  expect(user).toEqual({ "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" });
});
