import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ManualClock } from "../testing/manual-clock.ts";
import { accessOf } from "./access.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "access-"));
  vi.useFakeTimers({ toFake: ["Date"] }); // KubeConfig asks it how old a token is
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

test("a token file is read anew after the kubelet has rotated it", async () => {
  const tokenFile = join(directory, "token");
  const clock = new ManualClock();
  writeFileSync(tokenFile, "first");
  const access = await accessOf(
    kubeConfig({ user: { name: "pod", authProvider: { name: "tokenFile", config: { tokenFile } } } }),
    clock,
  );
  expect(await access.headers()).toEqual({ Authorization: "Bearer first" });
  writeFileSync(tokenFile, "second");
  expect(await access.headers()).toEqual({ Authorization: "Bearer first" });
  vi.setSystemTime(Date.now() + 61_000);
  clock.advance(61_000);
  expect(await access.headers()).toEqual({ Authorization: "Bearer second" });
});

test("a rejected credential is looked up anew at once", async () => {
  const tokenFile = join(directory, "token");
  const pod = { name: "pod", authProvider: { name: "tokenFile", config: { tokenFile } } };
  writeFileSync(tokenFile, "first");
  const access = await accessOf(kubeConfig({ user: pod }), new ManualClock());
  await access.headers();
  writeFileSync(tokenFile, "second");
  vi.setSystemTime(Date.now() + 61_000);
  access.rejected();
  expect(await access.headers()).toEqual({ Authorization: "Bearer second" });
});

test.each([
  { name: "a token", user: { name: "u", token: "t" }, headers: { Authorization: "Bearer t" } },
  {
    name: "user name and password",
    user: { name: "u", username: "ann", password: "secret" },
    headers: { authorization: "Basic YW5uOnNlY3JldA==" },
  },
  {
    name: "an impersonated user",
    user: { name: "u", impersonateUser: "bob" },
    headers: { "Impersonate-User": "bob" },
  },
])("$name becomes headers", async ({ user, headers }) => {
  expect(await (await accessOf(kubeConfig({ user }))).headers()).toEqual(headers);
});

test("the context's cluster, TLS and namespace are taken over", async () => {
  const caData = Buffer.from("authority").toString("base64");
  const certData = Buffer.from("certificate").toString("base64");
  const access = await accessOf(
    kubeConfig({
      cluster: { caData, tlsServerName: "api" },
      user: { name: "u", certData },
      namespace: "media",
    }),
  );
  expect(access.server.href).toBe("https://127.0.0.1:6443/");
  expect(access.tls).toEqual({
    ca: Buffer.from("authority"),
    cert: Buffer.from("certificate"),
    servername: "api",
  });
  expect(access.namespace).toBe("media");
});

test.each([
  { name: "no current cluster", config: new KubeConfig(), message: "names no cluster" },
  {
    name: "a proxy",
    config: kubeConfig({ cluster: { proxyUrl: "http://proxy:3128" } }),
    message: "has a proxy-url, which is not supported",
  },
])("a kubeconfig with $name is refused with the way out", async ({ config, message }) => {
  await expect(accessOf(config)).rejects.toThrow(message);
});

interface Parts {
  readonly cluster?: object;
  readonly user?: { readonly name: string; readonly [field: string]: unknown };
  readonly namespace?: string;
}

function kubeConfig({ cluster = {}, user = { name: "u" }, namespace }: Parts): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: "c", server: "https://127.0.0.1:6443", skipTLSVerify: false, ...cluster }],
    users: [user],
    contexts: [{ name: "x", cluster: "c", user: user.name, namespace }],
    currentContext: "x",
  });
  return config;
}
