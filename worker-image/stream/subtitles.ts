import { readFile, writeFile } from "node:fs/promises";
import { MediaFailure } from "../probe/media-failure.ts";
import type { TextStream } from "../probe/record.ts";
import { escapeCues } from "../video/subtitles/web-vtt-cues.ts";
import { languageTag } from "./language-tag.ts";
import type { SubtitleRendition } from "./stream.ts";

/** Opens the WebVTT files that ffmpeg wrote, and has browsers show all of their words. @throws MediaFailure VerificationFailed. */
export async function finishSubtitles(
  tracks: readonly TextStream[],
  { paths, fileNames }: { paths: readonly string[]; fileNames: readonly string[] },
): Promise<SubtitleRendition[]> {
  const taken = new Set<string>();
  return Promise.all(
    tracks.map(async ({ language, title, isForced }, at) => {
      const path = paths[at] ?? "";
      const text = escapeCues(await readFile(path, "utf8"));
      // W3C WebVTT section 4.1: the signature, then a blank line.
      if (!/^WEBVTT[^\n]*\n(\n|$)/.test(text)) {
        throw new MediaFailure("VerificationFailed", `${fileNames[at]} is not WebVTT`);
      }
      await writeFile(path, text);
      return {
        name: `${at}`,
        fileName: fileNames[at] ?? "",
        bytes: Buffer.byteLength(text),
        language: languageTag(language),
        title: unique(title ?? language ?? `Subtitles ${at + 1}`, taken),
        isForced,
      };
    }),
  );
}

/** RFC 8216 section 4.3.4.1.1: no two renditions of a group have one name. */
export function unique(title: string, taken: Set<string>): string {
  let name = title;
  for (let number = 2; taken.has(name); number++) name = `${title} (${number})`;
  taken.add(name);
  return name;
}
