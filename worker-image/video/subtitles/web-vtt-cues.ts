/**
 * ffmpeg writes the words of a cue into WebVTT as they are. To a browser `<3` begins a tag that swallows what follows, an
 * arrow begins another cue, and an empty line ends this one.
 */

/** W3C WebVTT section 4.3. */
const TIMINGS = /^(\d{2,}:)?\d{2}:\d{2}\.\d{3} --> /;

/** What may stand: the tags that ffmpeg makes of styles, and characters that were escaped in the source. */
const TAG = "/?[biu]";
const ENTITY = String.raw`(amp|lt|gt|nbsp|lrm|rlm|quot|#\d+);`;

const AMPERSAND = new RegExp(`&(?!${ENTITY})`, "g");
const LESS = new RegExp(`<(?!${TAG}>)`, "g");
const GREATER = new RegExp(`(?<!<${TAG})>`, "g");

/** W3C WebVTT section 4.2.2: the words of every cue of ffmpeg's WebVTT as browsers show them whole. */
export function escapeCues(text: string): string {
  const [head = "", ...lines] = text.split("\n");
  const cues: string[][] = [];
  for (const line of lines) {
    if (TIMINGS.test(line)) cues.push([line]);
    else if (line !== "") cues.at(-1)?.push(escaped(line));
  }
  return [head, ...cues.map((cue) => `\n${cue.join("\n")}`), ""].join("\n");
}

const escaped = (line: string): string =>
  line
    .replaceAll(AMPERSAND, "&amp;")
    .replaceAll(LESS, "&lt;")
    .replaceAll(GREATER, "&gt;")
    .replaceAll(String.raw`\h`, "&nbsp;"); // ASS, through which ffmpeg takes every text
