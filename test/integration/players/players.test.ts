import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clip } from "../worker/clips.ts";
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
    clip(`${workshop.sources}/two.mp4`, {
      size: "854x480",
      seconds: SECONDS,
      audio: ["-map", "0:v", "-map", "1:a", "-map", "1:a", "-c:a", "aac"],
      more: ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"],
    });
    const attempt = await workshop.attempt("two.mp4", { stream: { preset: "ultrafast", segmentSeconds: 2 } });
    expect(attempt.result.failures).toEqual([]);
    directory = `media${dirname(attempt.pathOf("made/master.m3u8")).slice(workshop.root.length)}`;
  });

  test.each([
    { player: "hls.js", manifest: "master.m3u8" },
    { player: "dash.js", manifest: "manifest.mpd" },
    { player: "shaka-player", manifest: "master.m3u8" },
    { player: "shaka-player", manifest: "manifest.mpd" },
  ])("$player plays $manifest to its end, seeks and switches", async ({ player, manifest }) => {
    const stage = await theatre.stage();
    const programme = await stage.open(player, theatre.url(`${directory}/${manifest}`));
    expect(programme.seconds).toBeCloseTo(SECONDS, 1);
    expect(programme.heights.toSorted()).toEqual([240, 360, 480]);
    expect(programme.languages.map((language) => language.slice(0, 2)).toSorted()).toEqual(["de", "en"]);

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
