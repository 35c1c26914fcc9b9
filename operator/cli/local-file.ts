import { relative, resolve } from "node:path";

/** The local file behind `volume://claim/path`, as short as it can be written from here. */
export function fileOf(uri: string, volumes: Readonly<Record<string, string>>): string {
  const match = /^volume:\/\/([^/]+)\/(.*)$/s.exec(uri);
  const root = match?.[1] === undefined ? undefined : volumes[match[1]];
  if (!match || root === undefined) return uri;
  const path = resolve(root, decodeURIComponent(match[2] ?? ""));
  const short = relative(process.cwd(), path);
  return short.length < path.length ? short : path;
}
