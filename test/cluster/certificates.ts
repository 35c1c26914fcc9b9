import { join } from "node:path";
import { command } from "./command.ts";

/** Paths of a PEM certificate and its key. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  /** The user name, to Kubernetes. */
  readonly commonName: string;
  /** The user's group, to Kubernetes. */
  readonly organization?: string;
  /** For servers: the names and addresses that clients call it by. */
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
}

/** P-256: a key takes a millisecond, where RSA 2048 takes a hundred, and a cluster start makes ten of them. */
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A year: longer than any test cluster lives, short enough that a leaked one is soon worth nothing. */
const validity = ["-days", "365"];

export async function createAuthority(directory: string, commonName: string): Promise<KeyPair> {
  const authority = pathsOf(directory, "ca");
  await request(authority, [
    "-subj",
    `/CN=${commonName}`,
    "-addext",
    "keyUsage=critical,keyCertSign,digitalSignature",
  ]);
  return authority;
}

/** A certificate good for both server and client, signed by the authority. */
export async function issueCertificate(
  directory: string,
  authority: KeyPair,
  name: string,
  subject: Subject,
): Promise<KeyPair> {
  const pair = pathsOf(directory, name);
  const alternativeNames = [
    ...(subject.dnsNames ?? []).map((dnsName) => `DNS:${dnsName}`),
    ...(subject.addresses ?? []).map((address) => `IP:${address}`),
  ];
  await request(pair, [
    ...["-CA", authority.certificate, "-CAkey", authority.key],
    ...["-subj", `${subject.organization ? `/O=${subject.organization}` : ""}/CN=${subject.commonName}`],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-addext", "extendedKeyUsage=serverAuth,clientAuth"],
    ...(alternativeNames.length > 0 ? ["-addext", `subjectAltName=${alternativeNames.join(",")}`] : []),
  ]);
  return pair;
}

/** What signs service account tokens: a key and its public half, in no certificate. */
export async function createSigningKey(
  directory: string,
  name: string,
): Promise<{ publicKey: string; key: string }> {
  const paths = { publicKey: join(directory, `${name}.pub`), key: join(directory, `${name}.key`) };
  await command("openssl", [
    "genpkey",
    "-algorithm",
    "EC",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-out",
    paths.key,
  ]);
  await command("openssl", ["pkey", "-in", paths.key, "-pubout", "-out", paths.publicKey]);
  return paths;
}

function pathsOf(directory: string, name: string): KeyPair {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}

async function request(pair: KeyPair, args: readonly string[]): Promise<void> {
  await command("openssl", [
    "req",
    "-x509",
    ...newKey,
    ...validity,
    "-keyout",
    pair.key,
    "-out",
    pair.certificate,
    ...args,
  ]);
}
