import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

const tagsOf = (path: string): string => tagsOfAll([path]).join();

const TELLS_PLACE = /48\.8584|2\.2945|48 deg|location|gps/i;
const OF_CONTAINER = /"(?:major_brand|compatible_brands)": "qt/i;

describe.each(["place.mov", "place.mkv"])("of %s, which tells where it was recorded,", (file) => {
  test("the source's tags are seen as this test sees them", () => {
    expect(tagsOf(at(file))).toMatch(TELLS_PLACE);
  });

  const codecs = ["aac", "opus", "mp3", "flac", "wav"];
  test(`the place is in no sound file: ${codecs.join(", ")}`, async () => {
    const outputs = codecs.map((codec) => ({ name: codec, audio: { codec } }));
    const attempt = await workshop.attemptAll([file], outputs);
    expect(attempt.result.failures).toEqual([]);
    expect(attempt.files).toHaveLength(codecs.length);
    const all = tagsOfAll(attempt.files.map(attempt.pathOf));
    for (const [index, made] of attempt.files.entries()) {
      const tags = all[index] ?? "";
      expect(tags, made).toMatch(/A title/);
      expect(tags.replaceAll(attempt.pathOf(""), ""), made).not.toMatch(TELLS_PLACE);
      expect(tags, made).not.toMatch(OF_CONTAINER);
    }
  });

  const kinds = [
    ...["mp4", "mov", "mkv"].flatMap((container) => [
      { name: `${container}, encoded`, container },
      { name: `${container}, copied`, container, codec: "copy", audio: { codec: "copy" } },
    ]),
    { name: "webm", container: "webm", codec: "vp9" },
  ];
  test(`the place is in no video: ${kinds.map(({ name }) => name).join("; ")}`, async () => {
    const find = await workshop.makeAll(file, kinds, ({ name: _, ...video }) => video);
    const made = await Promise.all(kinds.map(({ name }) => find(name)));
    const all = tagsOfAll(made.map(({ path }) => path));
    for (const [index, { name }] of kinds.entries()) {
      const tags = all[index];
      expect(tags, name).toMatch(/A title/);
      expect(tags, name).not.toMatch(TELLS_PLACE);
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
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    made = await workshop.makeAll("place.mkv", rows, ({ video }) => video);
  });

  test.each(rows)("$name", async ({ name, timecodes }) => {
    const { path, record } = await made(name);
    expect(tagsOf(path).match(/\d\d:\d\d:\d\d[:;]\d\d(?=")/g) ?? []).toEqual(timecodes);
    expect(record.timecode).toBe(timecodes[0] ?? null);
    expect(record.data).toEqual([]);
  });
});

describe("what is stripped of its metadata", () => {
  beforeAll(() => {
    const cues = workshop.write("cues.srt", "1\n00:00:00,500 --> 00:00:01,500\nHallo\n");
    ffmpeg("-i", at(cues), join(workshop.root, "cues.ass"));
    const font = workshop.write("any.ttf", "stands for a font");
    ffmpeg(
      ...["-i", at("place.mov"), "-i", join(workshop.root, "cues.ass"), "-map", "0", "-map", "1"],
      ...["-c", "copy", "-metadata:s:a:0", "language=ger", "-metadata:s:s:0", "language=fra"],
      ...["-metadata:s:a:0", "title=Ton", "-metadata:s:s:0", "title=Texte"],
      ...["-attach", at(font), "-metadata:s:t", "mimetype=application/x-truetype-font", at("tongues.mkv")],
    );
  });

  test.each([
    { name: "with sound that is copied", container: "mkv", audio: { codec: "copy" }, codec: "copy" },
    { name: "with sound that is encoded", container: "mkv", audio: {} },
    { name: "as MP4", container: "mp4", audio: { codec: "copy" } },
  ])("keeps the languages of sound and text, $name", async ({ name: _, ...video }) => {
    const wish = { ...video, subtitles: "Keep", metadata: "Strip" };
    const { record, path } = await workshop.make("tongues.mkv", wish);
    expect(record.audio).toMatchObject([{ language: "ger" }]);
    expect(record.subtitles).toMatchObject([{ language: "fra", title: null }]);
    expect(record.attachments).toHaveLength(video.container === "mkv" ? 1 : 0);
    expect(tagsOf(path)).not.toMatch(/A title|Ton|Texte/);
  });
});
