import { relative, resolve } from "node:path";
import { parseVolumeUri } from "../../crds/naming.ts";

/** The local file behind `volume://claim/path`, as short as it can be written from here. */
export function fileOf(uri: string, volumes: Readonly<Record<string, string>>): string {
  const place = parseVolumeUri(uri);
  const root = place && volumes[place.claimName];
  if (!place || root === undefined) return uri;
  const path = resolve(root, place.path);
  const short = relative(process.cwd(), path);
  return short.length < path.length ? short : path;
}
