/**
 * What must not leave the worker in a log or a report: the user and the query of a URL (signed URLs carry their
 * secret there), the values of headers and settings whose names tell of a secret.
 */
const SECRETS: readonly [RegExp, string][] = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, "$1…@"],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s?#'"]*)\?[^\s#'"]*/gi, "$1?…"],
  [/\b(authorization\s*[:=]\s*)(?:(?:bearer|basic|digest)\s+)?\S+/gi, "$1…"],
  [
    /\b((?:x-amz-[\w-]*|[\w-]*(?:token|secret|password|passwd|signature|api[_-]?key))["']?\s*[:=]\s*["']?)[^\s"'&,;]+/gi,
    "$1…",
  ],
];

/** A line without the secrets in it. */
export const redacted = (line: string): string =>
  SECRETS.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
