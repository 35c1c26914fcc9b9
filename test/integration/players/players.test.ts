import { mkdirSync, writeFileSync } from "node:fs";
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

describe("an encrypted stream", () => {
  const KEY = "8f14e45fceea167a5a36dedd4bea2543";
  const KEY_ID = "00112233445566778899aabbccddeeff";
  const made: Record<string, string> = {};
  beforeAll(async () => {
    mkdirSync(join(workshop.root, "film"));
    writeFileSync(join(workshop.root, "film/key"), Buffer.from(KEY, "hex"));
    clip(join(workshop.sources, "short.mp4"), { size: "640x360", seconds: 4 });
    for (const [method, more] of Object.entries({
      "AES-128": { protocols: ["hls"] },
      cbcs: { keyId: KEY_ID },
    })) {
      const { protocols, ...encryption } = { protocols: ["hls", "dash"], ...more };
      const attempt = await workshop.attempt(
        "short.mp4",
        {
          stream: {
            preset: "ultrafast",
            segmentSeconds: 2,
            protocols,
            encryption: {
              method,
              keySecretRef: { name: "film" },
              keyUri: theatre.url("media/film/key"),
              ...encryption,
            },
          },
        },
        { environment: { MEDIAJOB_SECRETS: JSON.stringify({ film: join(workshop.root, "film") }) } },
      );
      expect(attempt.result.failures).toEqual([]);
      made[method] = `media${dirname(attempt.pathOf("made/master.m3u8")).slice(workshop.root.length)}`;
    }
  });

  test.each([
    { player: "hls.js", method: "AES-128", manifest: "master.m3u8" },
    { player: "shaka-player", method: "AES-128", manifest: "master.m3u8" },
    // The key comes from the playlist's keyUri.
    { player: "shaka-player", method: "cbcs", manifest: "master.m3u8" },
    // The page gives the key, as one does that has a licence server of its own.
    { player: "shaka-player", method: "cbcs", manifest: "manifest.mpd", keys: { [KEY_ID]: KEY } },
    { player: "dash.js", method: "cbcs", manifest: "manifest.mpd", keys: { [KEY_ID]: KEY } },
  ])("$player plays $method from $manifest", async ({ player, method, manifest, keys = {} }) => {
    const stage = await theatre.stage();
    const { heights } = await stage.open(player, theatre.url(`${made[method]}/${manifest}`), keys);
    for (const height of heights) expect(await stage.choose(height)).toBe(height);
    const end = await stage.playToEnd();
    expect(end).toMatchObject({ corrupted: 0, seconds: expect.closeTo(4, 1) });
    expect(end.soundBytes).toBeGreaterThan(10_000);
    expect(await stage.errors()).toEqual([]);
    await stage.close();
  });
});
