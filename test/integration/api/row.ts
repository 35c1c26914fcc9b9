import { type Manifest, manifest } from "./manifest.ts";

/** Why a manifest is refused. */
export interface Refusal {
  /** Field as the API server names it. Offline validation may point at a part of it. */
  field: string;
  /** A fragment of what the API server says of the field. */
  server: string;
  /** A fragment of what offline validation says of it. */
  offline: string;
}

/** One manifest, and what the API answers. */
export interface Row {
  name: string;
  manifest: Manifest;
  /** Unset for a manifest that is accepted. */
  refusal?: Refusal;
}

type Parts = Parameters<typeof manifest>[0];

export const accepted = (name: string, parts: Parts): Row => ({ name, manifest: manifest(parts) });

/** A manifest of which one field is refused; `offline` when the two say it in different words. */
export const refused = (
  name: string,
  parts: Parts,
  { field, server, offline = server }: { field: string; server: string; offline?: string },
): Row => ({ name, manifest: manifest(parts), refusal: { field, server, offline } });
