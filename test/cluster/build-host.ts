import { existsSync, readFileSync } from "node:fs";
import { command } from "./command.ts";

/**
 * How this machine reaches package registries: mirrors, proxies, certificate authorities. It goes into the base
 * image when that is made here, so that apt-get and npm work inside as they do outside, and never into the repository.
 */
export interface DebianSources {
  /** For debootstrap. */
  readonly mirror: string;
  /** For /etc/apt/sources.list. */
  readonly list: string;
}

const debianDefaults = [
  ["http://deb.debian.org/debian", "", "main"],
  ["http://deb.debian.org/debian", "-updates", "main"],
  ["http://deb.debian.org/debian-security", "-security", "main"],
] as const;

/** This machine's own sources of a Debian release, else Debian's. */
export async function debianSources(release: string): Promise<DebianSources> {
  // apt's own reading of its sources, whichever of the two formats they are written in.
  const format = "$(CREATED_BY)\t$(ORIGIN)\t$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)";
  const targets = await command("apt-get", ["indextargets", "--format", format]).catch(() => "");
  const own = targets
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([kind, origin]) => kind === "Packages" && (origin === "Debian" || origin === "Debian-Security"))
    .filter(([, , , suite]) => suite === release || suite?.startsWith(`${release}-`))
    .map(([, , uri, suite, component]) => ({
      uri: uri ?? "",
      suite: suite ?? "",
      component: component ?? "",
    }));
  const defaults = debianDefaults.map(([uri, suffix, component]) => ({
    uri,
    suite: `${release}${suffix}`,
    component,
  }));
  const sources = own.some(({ suite }) => suite === release) ? own : defaults;
  return {
    mirror: sources.find(({ suite }) => suite === release)?.uri ?? "",
    list: sources.map(({ uri, suite, component }) => `deb ${uri} ${suite} ${component}\n`).join(""),
  };
}

/** The lines of apt's configuration that say how to reach a source. */
export async function aptProxySettings(): Promise<string> {
  const settings = await command("apt-config", ["dump"]).catch(() => "");
  const wanted = /^Acquire::(http|https|Retries)\b.*(Proxy|CaInfo|Verify-Peer|Retries|Timeout)[^"]* "(?!")/;
  return settings
    .split("\n")
    .filter((line) => wanted.test(line))
    .map((line) => `${line}\n`)
    .join("");
}

/** npm's registry and authority file, where they are not npm's own. Credentials are left out: images get copied. */
export async function npmSettings(): Promise<string> {
  const registry = await command("npm", ["config", "get", "registry"]).catch(() => "");
  const authorityFile = await command("npm", ["config", "get", "cafile"]).catch(() => "");
  return [
    ...(/^https?:/.test(registry) && !registry.includes("@") ? [`registry=${registry}`] : []),
    ...(authorityFile.startsWith("/") ? ["cafile=/etc/ssl/certs/ca-certificates.crt"] : []),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

/** The certificates that this machine trusts and a bundle does not hold, as PEM. */
export function extraAuthorities(bundle: string): string[] {
  const path = process.env.SSL_CERT_FILE || "/etc/ssl/certs/ca-certificates.crt";
  if (!existsSync(path)) return [];
  const known = new Set(certificates(bundle));
  return certificates(readFileSync(path, "utf8")).filter((certificate) => !known.has(certificate));
}

function certificates(bundle: string): string[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => `${block.replaceAll("\r", "")}\n`);
}
