import type { TemplateToken } from "../../crds/naming.ts";
import { directoryTemplate, tokensOf } from "../../crds/naming.ts";
import type { StreamOutput } from "../../crds/outputs/stream.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import type { Presentation } from "./presentation.ts";

/** Names of the files of a stream, in its own directory. */

export interface FileNames {
  /** Of each rung, sound and text, in their order. */
  video: string[];
  audio: string[];
  subtitles: string[];
}

export function fileNames({ rungs, sounds, subtitles }: Presentation): FileNames {
  return {
    video: rungs.map(({ name }) => `video-${name}.mp4`),
    audio: sounds.map(
      ({ track, position, isSurround }) =>
        `audio-${position}${suffix(track.language)}${isSurround ? "-surround" : ""}.mp4`,
    ),
    subtitles: subtitles.map(({ language }, at) => `subtitles-${at}${suffix(language)}.vtt`),
  };
}

const suffix = (language: string | null): string =>
  language && /^[a-z]{2,3}$/.test(language) ? `-${language}` : "";

/** What a player of DASH is given. */
export const MANIFEST = "manifest.mpd";

/** What a player of HLS is given. */
export const MASTER = "master.m3u8";

/** The file a player is given; published last, so that where it stands the stream is whole. */
export const entryOf = ({ protocols }: Pick<StreamOutput, "protocols">): string =>
  protocols.includes("hls") ? MASTER : MANIFEST;

/** Tokens that only a single finished file has. */
const OF_ONE_FILE: readonly TemplateToken[] = ["width", "height", "hash", "format"];

/** The directory of a stream. @throws MediaFailure InvalidOutputSpec. */
export function streamDirectory(template: string): string {
  const foreign = tokensOf(template).filter((token) => OF_ONE_FILE.includes(token));
  if (foreign.length > 0) {
    const names = foreign.map((token) => `{${token}}`).join(", ");
    throw new MediaFailure(
      "InvalidOutputSpec",
      `destination.template ${template}: a stream is a directory of files and has no ${names}`,
    );
  }
  return directoryTemplate(template);
}
