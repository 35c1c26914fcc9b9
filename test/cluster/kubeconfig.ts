import { readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { KeyPair } from "./certificates.ts";

export interface Access {
  /** https://host:port */
  readonly server: string;
  /** PEM, not a path. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** A kubeconfig that holds its certificates itself, so that the one file can be copied and mounted anywhere. */
export function kubeconfig(access: Access): string {
  const name = "mediajob-test";
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [
      { name, cluster: { server: access.server, "certificate-authority-data": base64(access.authority) } },
    ],
    users: [
      {
        name,
        user: {
          "client-certificate-data": base64(access.certificate),
          "client-key-data": base64(access.key),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
}

/** Writes the kubeconfig of one user, readable by its owner only: it holds a private key. */
export function writeKubeconfig(path: string, server: string, authority: KeyPair, user: KeyPair): void {
  const content = kubeconfig({
    server,
    authority: readFileSync(authority.certificate, "utf8"),
    certificate: readFileSync(user.certificate, "utf8"),
    key: readFileSync(user.key, "utf8"),
  });
  writeFileSync(path, content, { mode: 0o600 });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
