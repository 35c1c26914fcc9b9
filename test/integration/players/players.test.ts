import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clip, ffmpeg } from "../worker/clips.ts";
import { Workshop } from "../worker/worker-attempt.ts";
import { Theatre } from "./theatre.ts";

/** Streams as the real worker makes them, in the players people use, in a real browser. */

const SECONDS = 6;

let workshop: Workshop;
let theatre: Theatre;
beforeAll(async () => {
  workshop = new Workshop();
  theatre = await Theatre.open(workshop.root);
});
afterAll(async () => {
  await theatre?.close();
  workshop?.remove();
});

describe("a ladder of three rungs with two languages", () => {
  let directory: string;
  beforeAll(async () => {
    const texts = join(workshop.root, "texts.srt");
    writeFileSync(texts, `1\n00:00:00,200 --> 00:00:0${SECONDS},000\nHello there\n`);
    clip(join(workshop.root, "plain.mkv"), { size: "854x480", seconds: SECONDS });
    ffmpeg(
      ...["-i", join(workshop.root, "plain.mkv"), "-i", texts],
      ...["-map", "0:v", "-map", "0:a", "-map", "0:a", "-map", "1", "-c", "copy"],
      ...["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"],
      ...["-metadata:s:s:0", "language=eng", join(workshop.sources, "two.mkv")],
    );
    const attempt = await workshop.attempt("two.mkv", {
      stream: { preset: "ultrafast", segmentSeconds: 2, thumbnails: { everySeconds: 2 } },
    });
    expect(attempt.result.failures).toEqual([]);
    directory = `media${dirname(attempt.pathOf("made/master.m3u8")).slice(workshop.root.length)}`;
  });

  test.each([
    // hls.js leaves thumbnails to whoever draws the seek bar.
    { player: "hls.js", manifest: "master.m3u8", thumbnails: false },
    { player: "dash.js", manifest: "manifest.mpd", thumbnails: true },
    { player: "shaka-player", manifest: "master.m3u8", thumbnails: true },
    { player: "shaka-player", manifest: "manifest.mpd", thumbnails: true },
  ])("$player plays $manifest to its end, seeks and switches", async ({ player, manifest, thumbnails }) => {
    const stage = await theatre.stage();
    const programme = await stage.open(player, theatre.url(`${directory}/${manifest}`));
    expect(programme.seconds).toBeCloseTo(SECONDS, 1);
    expect(programme.heights.toSorted()).toEqual([240, 360, 480]);
    expect(programme.languages.map((language) => language.slice(0, 2)).toSorted()).toEqual(["de", "en"]);

    // Before the switches: shaka-player shows no text of HLS that is turned on after one that empties its buffers.
    expect(await stage.read(theatre.url(`${directory}/thumbnails.vtt`))).toEqual({
      text: "Hello there",
      thumbnail: thumbnails && { sheet: "thumbnails-001.jpg", x: 160, y: 0, width: 160, height: 90 },
    });
    for (const height of [240, 480, 360]) expect(await stage.choose(height)).toBe(height);
    for (const seconds of [4.5, 1.2, 3.9]) expect(await stage.seek(seconds)).toBeGreaterThan(seconds);
    for (const language of programme.languages.toReversed())
      expect(await stage.listen(language)).toBe(language);

    const end = await stage.playToEnd();
    expect(end.seconds).toBeCloseTo(SECONDS, 1);
    expect(end).toMatchObject({ corrupted: 0 });
    expect(end.frames).toBeGreaterThan(25);
    expect(end.soundBytes).toBeGreaterThan(10_000);
    expect(await stage.errors()).toEqual([]);
    await stage.close();
  });
});
