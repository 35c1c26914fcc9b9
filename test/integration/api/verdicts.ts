import { validateMediaJob } from "../../../crds/validate.ts";
import type { Manifest } from "./manifest.ts";
import type { Cause } from "./media-job-api.ts";

/** What offline validation says of a manifest, in the API server's form; without what that tells later. */
export function offlineCauses(manifest: Manifest): Cause[] {
  const validation = validateMediaJob(manifest);
  if (validation.ok) return [];
  return validation.errors
    .filter(({ later }) => !later)
    .map(({ path, message }) => ({ field: path, message }));
}

/** Whether a path is a field or lies inside it: offline validation may point at a part of what the server names. */
export function isPart(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
}

/** The fields that only one of the two refuses; empty when their verdicts agree. */
export function disagreement(server: Cause[], offline: Cause[]): string[] {
  return [
    ...server
      .filter(({ field }) => !offline.some((cause) => isPart(cause.field, field)))
      .map(({ field, message }) => `only the API server refuses ${field}: ${message}`),
    ...offline
      .filter(({ field }) => !server.some((cause) => isPart(field, cause.field)))
      .map(({ field, message }) => `only offline validation refuses ${field}: ${message}`),
  ];
}
