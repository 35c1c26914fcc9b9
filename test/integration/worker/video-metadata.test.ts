import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MediaRecord } from "../../../worker-image/probe/record.ts";
import { clip, ffmpeg } from "./clips.ts";
import { type MadeVideo, VideoWorkshop } from "./video-workshop.ts";

/** What videos and sound files keep of their source's tags, as other programs read it. */

const PLACE = "+48.8584+002.2945/";

let workshop: VideoWorkshop;
const at = (name: string) => join(workshop.sources, name);
beforeAll(() => {
  workshop = new VideoWorkshop();
  const plain = clip(join(workshop.root, "plain.mp4"), { size: "160x90" });
  const place = ["-metadata", `location=${PLACE}`, "-metadata", "title=A title"];
  ffmpeg("-i", plain, "-c", "copy", ...place, at("place.mov"));
  ffmpeg(
    ...["-i", plain, "-c", "copy", ...place, "-metadata", `location-deu=${PLACE}`],
    ...["-metadata", `com.apple.quicktime.location.ISO6709=${PLACE}`, "-metadata:s", `location=${PLACE}`],
    ...["-metadata", "timecode=01:00:00:00", "-metadata", "reel_name=A001", at("place.mkv")],
  );
});
afterAll(() => workshop.remove());

/** Everything that ffprobe and exiftool say of each file's tags; exiftool takes longer to start than to read. */
function tagsOfAll(paths: readonly string[]): string[] {
  const shown = ["-show_entries", "format_tags:stream_tags:chapter_tags", "-of", "json"];
  const found = execFileSync("exiftool", ["-G1", "-a", "-u", "-ee", ...paths], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const byFile = found.split(/^======== .*\n/m).slice(paths.length > 1 ? 1 : 0);
  return paths.map((path, index) => {
    const ffprobe = execFileSync("ffprobe", ["-v", "error", ...shown, path], { encoding: "utf8" });
    return [ffprobe, byFile[index]].join("\n");
  });
}

type Tagged = { record: MediaRecord; tags: string };

/** Videos by the names of their rows, each with its tags. */
async function makeTagged(file: string, rows: { name: string; video: object }[]) {
  const find = await workshop.makeAll(file, rows, ({ video }) => ({ ...video }));
  const videos = await Promise.all(rows.map(({ name }) => find(name)));
  const all = tagsOfAll(videos.map(({ path }) => path));
  return new Map(
    rows.map(({ name }, index): [string, Tagged] => [
      name,
      { record: (videos[index] as MadeVideo).record, tags: all[index] as string },
    ]),
  );
}

const tagsOf = (path: string): string => tagsOfAll([path]).join();

const TELLS_PLACE = /48\.8584|2\.2945|48 deg|location|gps/i;
const OF_CONTAINER = /"(?:major_brand|compatible_brands)": "qt/i;

describe("of files which tell where they were recorded,", () => {
  const files = ["place.mov", "place.mkv"];
  test.each(files)("the tags of %s are seen as this test sees them", (file) => {
    expect(tagsOf(at(file))).toMatch(TELLS_PLACE);
  });

  /** Each output of each file, and its tags. */
  async function madeOf(outputs: ({ name: string } & Record<string, unknown>)[]) {
    const attempt = await workshop.attemptAll(files, outputs);
    expect(attempt.result.failures).toEqual([]);
    expect(attempt.files).toHaveLength(files.length * outputs.length);
    const all = tagsOfAll(attempt.files.map(attempt.pathOf));
    return attempt.files.map((made, index) => ({
      made,
      tags: all[index]?.replaceAll(attempt.pathOf(""), "") ?? "",
    }));
  }

  const codecs = ["aac", "opus", "mp3", "flac", "wav"];
  test(`the place is in no sound file: ${codecs.join(", ")}`, async () => {
    for (const { made, tags } of await madeOf(codecs.map((codec) => ({ name: codec, audio: { codec } })))) {
      expect(tags, made).toMatch(/A title/);
      expect(tags, made).not.toMatch(TELLS_PLACE);
      expect(tags, made).not.toMatch(OF_CONTAINER);
    }
  });

  const fast = { preset: "ultrafast" };
  const kinds = [
    ...["mp4", "mov", "mkv"].flatMap((container) => [
      { name: `${container}-encoded`, video: { ...fast, container } },
      { name: `${container}-copied`, video: { ...fast, container, codec: "copy", audio: { codec: "copy" } } },
    ]),
    { name: "webm", video: { ...fast, container: "webm", codec: "vp9" } },
  ];
  test(`the place is in no video: ${kinds.map(({ name }) => name).join(", ")}`, async () => {
    for (const { made, tags } of await madeOf(kinds)) {
      expect(tags, made).toMatch(/A title/);
      expect(tags, made).not.toMatch(TELLS_PLACE);
    }
  });
});

describe("a timecode among the tags of the whole file", () => {
  const rows = [
    { name: "is left out where frames are others", video: { speed: 2 }, timecodes: [] },
    {
      name: "moves with a cut, and the old one is nowhere",
      video: { container: "mkv", cuts: [{ startSeconds: 0.6 }] },
      timecodes: ["01:00:00:15"],
    },
    { name: "is kept", video: { container: "mkv" }, timecodes: ["01:00:00:00"] },
    { name: "is left out with the metadata", video: { metadata: "Strip" }, timecodes: [] },
  ];
  let made: Map<string, Tagged>;
  beforeAll(async () => {
    made = await makeTagged("place.mkv", rows);
  });

  test.each(rows)("$name", ({ name, timecodes }) => {
    const { record, tags } = made.get(name) as Tagged;
    expect(tags.match(/\d\d:\d\d:\d\d[:;]\d\d(?=")/g) ?? []).toEqual(timecodes);
    expect(record.timecode).toBe(timecodes[0] ?? null);
    expect(record.data).toEqual([]);
  });
});

describe("what is stripped of its metadata", () => {
  const rows = [
    {
      name: "with sound that is copied",
      video: { container: "mkv", codec: "copy", audio: { codec: "copy" } },
    },
    { name: "with sound that is encoded", video: { container: "mkv", audio: {} } },
    { name: "as MP4", video: { container: "mp4", audio: { codec: "copy" } } },
  ].map(({ name, video }) => ({ name, video: { ...video, subtitles: "Keep", metadata: "Strip" } }));
  let made: Map<string, Tagged>;
  beforeAll(async () => {
    const cues = workshop.write("cues.srt", "1\n00:00:00,500 --> 00:00:01,500\nHallo\n");
    ffmpeg("-i", at(cues), join(workshop.root, "cues.ass"));
    const font = workshop.write("any.ttf", "stands for a font");
    ffmpeg(
      ...["-i", at("place.mov"), "-i", join(workshop.root, "cues.ass"), "-map", "0", "-map", "1"],
      ...["-c", "copy", "-metadata:s:a:0", "language=ger", "-metadata:s:s:0", "language=fra"],
      ...["-metadata:s:a:0", "title=Ton", "-metadata:s:s:0", "title=Texte"],
      ...["-attach", at(font), "-metadata:s:t", "mimetype=application/x-truetype-font", at("tongues.mkv")],
    );
    made = await makeTagged("tongues.mkv", rows);
  });

  test.each(rows)("keeps the languages of sound and text, $name", ({ name, video }) => {
    const { record, tags } = made.get(name) as Tagged;
    expect(record.audio).toMatchObject([{ language: "ger" }]);
    expect(record.subtitles).toMatchObject([{ language: "fra", title: null }]);
    expect(record.attachments).toHaveLength(video.container === "mkv" ? 1 : 0);
    expect(tags).not.toMatch(/A title|Ton|Texte/);
  });
});
