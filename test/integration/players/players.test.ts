import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { output } from "../../../crds/outputs/output.ts";
import { clip, ffmpeg } from "../worker/clips.ts";
import { type Attempt, Workshop } from "../worker/worker-attempt.ts";
import { Theatre } from "./theatre.ts";

/** Streams as the real worker makes them, in the players people use, in a real browser. */

const SECONDS = 4;

/** Small ones: what is tested is how players go from one to another, and not how fast this machine decodes. */
const renditions = (...heights: number[]) => ({
  ladder: "Explicit",
  renditions: heights.map((height) => ({ height, bitrateKbps: 300 })),
});

const WISH = { preset: "ultrafast", segmentSeconds: 1 };

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
    clip(join(workshop.root, "plain.mkv"), { seconds: SECONDS });
    ffmpeg(
      ...["-i", join(workshop.root, "plain.mkv"), "-i", texts],
      ...["-map", "0:v", "-map", "0:a", "-map", "0:a", "-map", "1", "-c", "copy"],
      ...["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"],
      ...["-metadata:s:s:0", "language=eng", join(workshop.sources, "two.mkv")],
    );
    const attempt = await workshop.attempt("two.mkv", {
      stream: { ...WISH, ...renditions(96, 128, 180), thumbnails: { everySeconds: 2 } },
    });
    expect(attempt.result.failures).toEqual([]);
    directory = directoryOf(attempt);
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
    expect(programme.heights.toSorted((one, other) => one - other)).toEqual([96, 128, 180]);
    expect(programme.languages.map((language) => language.slice(0, 2)).toSorted()).toEqual(["de", "en"]);

    // Before the switches, for which all of it is buffered: shaka-player needs segments that are still to come.
    expect(await stage.read(theatre.url(`${directory}/thumbnails.vtt`))).toEqual({
      text: "Hello there",
      thumbnail: thumbnails && { sheet: "thumbnails-001.jpg", x: 160, y: 0, width: 160, height: 90 },
    });
    for (const height of [96, 180, 128]) expect(await stage.choose(height)).toBe(height);
    for (const seconds of [3.4, 0.6, 2.5]) expect(await stage.seek(seconds)).toBeGreaterThan(seconds);
    for (const language of programme.languages.toReversed())
      expect(await stage.listen(language)).toBe(language);

    const end = await stage.playToEnd();
    expect(end.seconds).toBeCloseTo(SECONDS, 1);
    // dash.js that finds itself between the end it was told and that of the media goes back, and stops.
    if (player === "dash.js") expect(end.seconds).toBeCloseTo(programme.seconds, 2);
    expect(end).toMatchObject({ corrupted: 0 });
    expect(end.frames).toBeGreaterThan(25);
    expect(end.soundBytes).toBeGreaterThan(10_000);
    expect(await stage.errors()).toEqual([]);
    await stage.close();
  });
});

test.each([
  { player: "hls.js", manifest: "master.m3u8" },
  { player: "dash.js", manifest: "manifest.mpd" },
])(
  "$player plays HDR with surround from $manifest, and takes stereo of itself",
  async ({ player, manifest }) => {
    const stage = await theatre.stage();
    const directory = await hdr();
    const { heights } = await stage.open(player, theatre.url(`${directory}/${manifest}`));
    for (const height of new Set(heights)) expect(await stage.choose(height)).toBe(height);
    expect(await stage.playToEnd()).toMatchObject({ corrupted: 0, seconds: expect.closeTo(2, 1) });
    expect(await stage.errors()).toEqual([]);
    expect(theatre.requests.some((request) => request.includes("audio-0.mp4"))).toBe(true);
    await stage.close();
  },
);

let made: Promise<string> | undefined;

/** A ladder of PQ in AV1, which Debian's Chromium decodes by itself, with 5.1. */
const hdr = (): Promise<string> => {
  made ??= (async () => {
    const parameters = "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc";
    clip(join(workshop.sources, "hdr.mkv"), {
      video: [
        "-pix_fmt",
        "yuv420p10le",
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        parameters,
      ],
      audio: ["-af", "pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0", "-c:a", "flac"],
    });
    const attempt = await workshop.attempt("hdr.mkv", {
      stream: { ...WISH, ...renditions(90, 180), codec: "av1", dynamicRange: "Source" },
    });
    expect(attempt.result.failures).toEqual([]);
    return directoryOf(attempt);
  })();
  return made;
};

describe("an encrypted stream", () => {
  const KEY = "8f14e45fceea167a5a36dedd4bea2543";
  const KEY_ID = "00112233445566778899aabbccddeeff";
  const KEYS = { [KEY_ID]: KEY };
  const made: Record<string, string> = {};
  beforeAll(async () => {
    mkdirSync(join(workshop.root, "film"));
    writeFileSync(join(workshop.root, "film/key"), Buffer.from(KEY, "hex"));
    clip(join(workshop.sources, "short.mp4"), { seconds: 2 });
    const keyUri = theatre.url("media/film/key");
    const clearKeyUri = `data:text/plain;base64,${Buffer.from(KEY_ID, "hex").toString("base64")}`;
    const wishes = {
      "AES-128": { protocols: ["hls"], encryption: { method: "AES-128", keyUri } },
      cbcs: { encryption: { method: "cbcs", keyUri, keyId: KEY_ID } },
      "cbcs with a key of the page's": {
        protocols: ["hls"],
        encryption: { method: "cbcs", keyUri: clearKeyUri, keyFormat: "org.w3.clearkey", keyId: KEY_ID },
      },
    };
    const outputs = Object.values(wishes).map(({ encryption, ...wish }, index) =>
      output.parse({
        name: `encrypted-${index}`,
        stream: {
          ...{ ...WISH, ...renditions(180), ...wish },
          encryption: { ...encryption, keySecretRef: { name: "film" } },
        },
      }),
    );
    const attempt = await workshop.attempt(
      "short.mp4",
      { stream: {} },
      {
        environment: { MEDIAJOB_SECRETS: JSON.stringify({ film: join(workshop.root, "film") }) },
        unit: { outputs },
      },
    );
    expect(attempt.result.failures).toEqual([]);
    for (const [index, name] of Object.keys(wishes).entries())
      made[name] = directoryOf(attempt, `encrypted-${index}`);
  });

  test.each([
    { player: "hls.js", method: "AES-128", manifest: "master.m3u8" },
    { player: "shaka-player", method: "AES-128", manifest: "master.m3u8" },
    // The key comes from the playlist's keyUri.
    { player: "shaka-player", method: "cbcs", manifest: "master.m3u8" },
    // The page gives the key, as one does that has a licence server of its own.
    { player: "hls.js", method: "cbcs with a key of the page's", manifest: "master.m3u8", keys: KEYS },
    { player: "shaka-player", method: "cbcs", manifest: "manifest.mpd", keys: KEYS },
    { player: "dash.js", method: "cbcs", manifest: "manifest.mpd", keys: KEYS },
  ])("$player plays $method from $manifest", async ({ player, method, manifest, keys = {} }) => {
    const stage = await theatre.stage();
    await stage.open(player, theatre.url(`${made[method]}/${manifest}`), keys);
    expect(await stage.choose(180)).toBe(180);
    const end = await stage.playToEnd();
    expect(end).toMatchObject({ corrupted: 0, seconds: expect.closeTo(2, 1) });
    expect(end.soundBytes).toBeGreaterThan(10_000);
    expect(await stage.errors()).toEqual([]);
    await stage.close();
  });
});

/** Where the theatre shows what an attempt has made. */
const directoryOf = (attempt: Attempt, name = "made"): string =>
  `media${dirname(attempt.pathOf(`${name}/master.m3u8`)).slice(workshop.root.length)}`;
