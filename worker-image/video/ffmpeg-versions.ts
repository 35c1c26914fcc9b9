import { execFile } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Beside the program. */
const NOTE = join(import.meta.dirname, "ffmpeg-version.json");

let versions: Promise<Record<string, string>> | undefined;

/** ffmpeg's version; with a distribution's suffix it also tells that of its encoders. Found out once a process. */
export function ffmpegVersions(): Promise<Record<string, string>> {
  versions ??= versionOf(NOTE).then((ffmpeg = "missing") => ({ ffmpeg }));
  return versions;
}

/**
 * To ask ffmpeg takes 70 ms of a processor, nearly all of them to link it with two hundred libraries. What it says stays
 * the same until another file takes its place, so it is noted where the worker is installed.
 *
 * @returns undefined where there is no ffmpeg
 */
export async function versionOf(note: string): Promise<string | undefined> {
  const print = await printOf();
  if (print === undefined) return undefined;
  const noted = await readFile(note, "utf8")
    .then(parseNote)
    .catch(() => undefined);
  return noted?.print === print ? noted.version : await ask();
}

/** Notes what ffmpeg says; nothing where there is none, or where that is noted already. */
export async function noteVersion(note: string = NOTE): Promise<void> {
  const print = await printOf();
  const version = await ask();
  if (print === undefined || version === undefined) return;
  const text = `${JSON.stringify({ print, version })}\n`;
  if ((await readFile(note, "utf8").catch(() => undefined)) !== text) await writeFile(note, text);
}

const programName = (): string => process.env.FFMPEG_PATH || "ffmpeg";

/** Tells the file that is run from every other: an image keeps its size and the second of its last change. */
async function printOf(): Promise<string | undefined> {
  const name = programName();
  const directories = name.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  for (const path of directories.map((directory) => join(directory, name))) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) return `${path} ${found.size} ${Math.floor(found.mtimeMs / 1000)}`;
  }
  return undefined;
}

const ask = (): Promise<string | undefined> =>
  promisify(execFile)(programName(), ["-version"]).then(
    ({ stdout }) => /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? "unknown",
    () => undefined,
  );

function parseNote(text: string): { print?: unknown; version: string } | undefined {
  const note = JSON.parse(text) as { print?: unknown; version?: unknown };
  return typeof note.version === "string" ? { print: note.print, version: note.version } : undefined;
}
