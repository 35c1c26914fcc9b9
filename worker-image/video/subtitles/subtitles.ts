import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext } from "../../engine.ts";
import { inputArguments } from "../../probe/media-input.ts";
import type { TextStream } from "../../probe/record.ts";
import { ffmpegLimits, runFfmpeg } from "../ffmpeg.ts";
import { subjectOf, type Task } from "../task.ts";
import { isTextSubtitle, lostTextsOf } from "./subtitle-tracks.ts";
import { escapeCues } from "./web-vtt-cues.ts";

/** The encoder, which is also the muxer, of each format of subtitle files. */
const WRITERS = { vtt: "webvtt", srt: "srt" } as const;

/** Writes the text tracks of the source to files of their own, named `.1.eng.vtt`: by place and language. */
export async function writeSubtitleFiles(
  context: EngineContext,
  task: Task,
  subtitles: readonly TextStream[],
): Promise<void> {
  const { opened, name, video } = task;
  const texts = subtitles.filter(isTextSubtitle);
  if (video.subtitleFiles && texts.length === 0) {
    const message = "the source has no text subtitles to write to a file";
    context.warn({ reason: "SubtitlesMissing", message, ...subjectOf(task) });
  }
  for (const ext of video.subtitleFiles ?? []) {
    for (const [place, { index, language }] of texts.entries()) {
      const suffix = `.${place + 1}${language ? `.${language}` : ""}`;
      const product = { source: opened, output: name, ext, variant: `subtitles${suffix}.${ext}`, suffix };
      if (await context.findMade(product)) continue;
      const staged = join(context.stagingDir, `${name}-${context.unit.attempt}.${place + 1}.${ext}`);
      try {
        const report = await runFfmpeg({
          ...ffmpegLimits(context),
          arguments: [
            ...["-max_error_rate", "1"], // what can be read is written, and a warning tells of the rest
            ...inputArguments(opened.path, { options: ["-vn", "-an"] }),
            ...["-map", `0:${index}`, "-f", WRITERS[ext], `file:${staged}`],
          ],
        });
        const lost = lostTextsOf(report);
        if (lost) context.warn({ ...lost, ...subjectOf(task) });
        if (ext === "vtt") await writeFile(staged, escapeCues(await readFile(staged, "utf8")));
        // SubRip without a line of text is a file without a byte, which nobody can tell from a lost one.
        if ((await stat(staged)).size > 0) await context.publish(staged, product, { format: ext });
      } finally {
        await rm(staged, { force: true });
      }
    }
  }
}
