import type { Source } from "./source.ts";

/**
 * How outputs are named: the destination's template, expanded. Pure, and shared: the planner finds names that
 * collide before work starts, the worker makes the very same ones.
 */

/** The tokens of a template, each with what it stands for. */
export const TEMPLATE_TOKENS = {
  source: "name of the source",
  file: "name of the source's file without its extension",
  output: "name of the output",
  ext: "extension that fits the format",
  format: "format of the file",
  width: "width in pixels",
  height: "height in pixels",
  hash: "first 16 hex digits of the file's sha256",
  index: "place of the source in spec.sources from 1, with leading zeros so that names sort",
  date: "day on which the MediaJob was created, in UTC, as 2026-01-31",
} as const;

export type TemplateToken = keyof typeof TEMPLATE_TOKENS;
export type TemplateValues = Partial<Record<TemplateToken, string | number>>;

/** Names below the destination that are the worker's own; no output may go there. */
export const PRIVATE_DIRECTORY = ".mediajob";

/** Matches a template that holds known tokens only, every brace being part of one. In RE2 and JavaScript alike. */
export const TEMPLATE_PATTERN = `^([^{}]|[{](${Object.keys(TEMPLATE_TOKENS).join("|")})[}])*$`;

/** What a file system takes as one name. */
const SEGMENT_BYTES_MAX = 255;

/** A name that cannot be made: an unknown or unset token, or a path that is none. */
export class NamingError extends Error {
  override readonly name = "NamingError";
}

/** The tokens that a template uses, once each. */
export function tokensOf(template: string): TemplateToken[] {
  const known = Object.keys(TEMPLATE_TOKENS) as TemplateToken[];
  return known.filter((token) => template.includes(`{${token}}`));
}

/**
 * The path of an output, relative to the destination. It never leaves the destination and never enters the
 * worker's own directory, whatever the template and the values hold: separators in values and control
 * characters become `_`, dots and spaces at the edges of a name are cut, and a name that is too long is cut before its
 * extension.
 *
 * @throws NamingError for an unknown token, a token without a value, and a path without a file name.
 */
export function expandTemplate(template: string, values: TemplateValues): string {
  const path = template.replace(/\{([^{}]*)\}/g, (_, token: string) => {
    const value = Object.hasOwn(TEMPLATE_TOKENS, token) ? values[token as TemplateToken] : undefined;
    if (value === undefined) throw new NamingError(unknownToken(template, token));
    return harmless(`${value}`);
  });
  if (/[{}]/.test(path))
    throw new NamingError(`destination.template ${template}: a brace is not part of a token`);
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  const last = segments.at(-1);
  if (last === undefined || path.endsWith("/")) {
    throw new NamingError(`destination.template ${template} names no file: it gives '${path}'`);
  }
  if (segments.includes("..")) {
    throw new NamingError(`destination.template ${template} leaves the destination: it gives '${path}'`);
  }
  const safe = segments.map(safeSegment);
  if (safe[0]?.toLowerCase() === PRIVATE_DIRECTORY) {
    throw new NamingError(`destination.template ${template}: ${PRIVATE_DIRECTORY}/ is the workers' own`);
  }
  return safe.join("/");
}

/**
 * `path` with `suffix` before its extension: `a/b.webp` and `_001` give `a/b_001.webp`. It stays one name in the same
 * directory, whatever the suffix holds, and a name that is too long is cut before the suffix.
 */
export function withSuffix(path: string, suffix: string): string {
  const nameAt = path.lastIndexOf("/") + 1;
  const { stem, extension } = partsOf(path.slice(nameAt));
  return path.slice(0, nameAt) + fitting(stem, harmless(suffix) + extension);
}

/** Tokens that only a finished picture fills. */
const OF_PICTURE = /\{(width|height|format|hash)\}/;

/** Tokens that are the same for all pictures of an output of a source. */
const OF_ALL: readonly TemplateToken[] = ["source", "file", "output", "index", "date"];

/**
 * The template of the JSON file that describes the pictures of an output: theirs, unless that tells them apart by what
 * only a picture has, or gives the JSON their extension. Then it is what they have in common: their directory, as far
 * down as it is one, and their name up to where they differ, with the tokens after that which are the same for all.
 * `_` goes between these, since no source or output has it in its name: what the template tells apart stays apart.
 */
export function descriptionTemplate(template: string): string {
  const isOfPicture = (text: string) => OF_PICTURE.test(text);
  if (template.includes("{ext}") && !isOfPicture(template)) return template;
  const segments = template.split("/");
  const differing = segments.findIndex(isOfPicture);
  const directory = segments.slice(0, differing === -1 ? -1 : differing);
  const file = segments.slice(directory.length).join("/");
  const end = file.search(OF_PICTURE);
  const start =
    end === -1 ? file.replace(/\.[^.{}]{1,16}$/, "") : file.slice(0, end).replace(/[^\p{L}\p{N}}]+$/u, "");
  const rest = end === -1 ? [] : tokensOf(file.slice(end)).filter((token) => OF_ALL.includes(token));
  const name = [start, ...rest.map((token) => `{${token}}`)].filter((part) => part !== "").join("_");
  return [...directory, `${name === "" ? "{output}" : name}.{ext}`].join("/");
}

/** The template of the directory that an output of files which name each other has, a stream: without the extension. */
export const directoryTemplate = (template: string): string => template.replace(/\.?\{ext\}/g, "");

/** What fills `{file}`: what the source's file is called, by which editing programs find the original of a proxy. */
export const fileToken = ({ name, volume }: Source): string =>
  harmless(partsOf(volume?.path.split("/").findLast((segment) => segment !== "") ?? name).stem);

/** What fills `{index}` of the source at that place of `count`: `007` for the seventh of 500. */
export const indexToken = (place: number, count: number): string =>
  `${place + 1}`.padStart(`${count}`.length, "0");

/** What fills `{date}`: the day of the MediaJob's creation, so that a retry after midnight makes the same names. */
export const dateToken = (creationTimestamp: string): string =>
  new Date(creationTimestamp).toISOString().slice(0, 10);

/** The uri of a file on a volume, e.g. `volume://media/out/beach/thumb.webp`; each segment percent-encoded. */
export const volumeUri = (claimName: string, path: string): string =>
  `volume://${claimName}/${path.split("/").filter(Boolean).map(encodeURIComponent).join("/")}`;

/** The claim and the path that a volume's uri stands for; undefined for any other uri. */
export function parseVolumeUri(uri: string): { claimName: string; path: string } | undefined {
  const [, claimName, path] = uri.match(/^volume:\/\/([^/]+)\/(.*)$/) ?? [];
  if (claimName === undefined || path === undefined) return undefined;
  return { claimName, path: path.split("/").map(decodeURIComponent).join("/") };
}

const unknownToken = (template: string, token: string) =>
  Object.hasOwn(TEMPLATE_TOKENS, token)
    ? `destination.template ${template}: {${token}} has no value here`
    : `destination.template ${template}: {${token}} is no token; there are ${Object.keys(TEMPLATE_TOKENS)
        .map((name) => `{${name}}`)
        .join(" ")}`;

/** One name that every file system takes. A leading dot is kept: a hidden file may be wanted. */
function safeSegment(segment: string): string {
  const clean = withoutControls(segment).replace(/^ +|[. ]+$/g, "");
  if (clean === "") return "output";
  const { stem, extension } = partsOf(clean);
  return fitting(stem, extension);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
const withoutControls = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, "_");

/** A part of one name, whatever the text is. */
const harmless = (text: string): string => withoutControls(text).replace(/[/\\]/g, "_");

/** A name and its extension, which has 16 characters at most; a hidden file has none. */
function partsOf(name: string): { stem: string; extension: string } {
  const [, stem = name, extension = ""] = name.match(/^(.+)(\.[^.]{1,16})$/s) ?? [];
  return { stem, extension };
}

/** One name of both, the first one cut where together they are too long for a file system. */
function fitting(start: string, end: string): string {
  let kept = [...start];
  while (kept.length > 1 && byteLength(kept.join("") + end) > SEGMENT_BYTES_MAX) kept = kept.slice(0, -1);
  return kept.join("") + end;
}

const byteLength = (text: string) => new TextEncoder().encode(text).length;
