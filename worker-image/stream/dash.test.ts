import { expect, test } from "vitest";
import { aStream, aText, aTrack, someThumbnails } from "../../test/builders/stream.ts";
import { dashManifest } from "./dash.ts";

test("it points into each file's own index and escapes what people write", () => {
  const manifest = dashManifest(aStream({ audio: [{ ...aTrack("eng", true), title: "a & <b>" }] }));
  expect(manifest).toContain('mediaPresentationDuration="PT12S"');
  expect(manifest).toContain(
    '<SegmentBase indexRange="900-999"><Initialization range="0-899"/></SegmentBase>',
  );
  expect(manifest).toContain('frameRate="30000/1001"');
  expect(manifest).toContain("<Label>a &amp; &lt;b&gt;</Label>");
});

test("nothing that stands for a language or a title breaks out of its place", () => {
  const track = { ...aTrack("eng", true), language: 'e"/><x>', title: "bell \u0007" };
  const manifest = dashManifest(
    aStream({ audio: [track], subtitles: [{ ...aText("eng"), language: "<&>" }] }),
  );
  expect(manifest).toContain('lang="e&quot;/&gt;&lt;x&gt;"');
  expect(manifest).toContain('lang="&lt;&amp;&gt;"');
  expect(manifest).toContain("<Label>bell  </Label>");
});

test("labels stand before roles, where the schema has them", () => {
  const manifest = dashManifest(aStream({ audio: [aTrack("eng", true)], subtitles: [aText("eng")] }));
  expect(manifest.match(/<(?:Label|Role)\b/g)).toEqual(["<Label", "<Role", "<Label", "<Role"]);
});

test("sound with all channels is a set of its own, which no player takes unless it is asked to", () => {
  const surround = { ...aTrack("eng", true), name: "0-surround", isSurround: true, channels: 8 };
  const manifest = dashManifest(aStream({ audio: [aTrack("eng", true), surround] }));
  expect(manifest).toContain('lang="eng" selectionPriority="0" ');
  expect(manifest).toContain("<Label>The &quot;eng&quot; one (7.1)</Label>");
  const configurations = manifest.match(/ChannelConfiguration" value="\d+"/g);
  expect(configurations).toEqual(['ChannelConfiguration" value="2"', 'ChannelConfiguration" value="12"']);
});

test("the colour of HDR is essential", () => {
  const [first] = aStream().video;
  const color = { primaries: 9, transfer: 16, matrix: 9, fullRange: false };
  const video = first ? [{ ...first, media: { ...first.media, color } }] : [];
  expect(dashManifest(aStream({ video })).match(/cicp:(Col|Tra|Mat)\w+" value="\d+"/g)).toEqual([
    'cicp:ColourPrimaries" value="9"',
    'cicp:TransferCharacteristics" value="16"',
    'cicp:MatrixCoefficients" value="9"',
  ]);
  expect(dashManifest(aStream())).not.toContain("EssentialProperty");
});

test("the duration is exact to the microsecond", () => {
  expect(dashManifest(aStream({ durationSeconds: 10.01 / 3, audio: [] }))).toContain(
    'mediaPresentationDuration="PT3.336667S"',
  );
});

test.each([
  { sound: "ends before them", seconds: 11.9, told: "PT12S" },
  { sound: "ends within a frame after them", seconds: 12.011, told: "PT12.011S" },
])("where the pictures take 12 s and the sound $sound, it lasts $told", ({ seconds, told }) => {
  const track = aTrack("eng", true);
  const media = { ...track.media, segments: [{ offset: 1000, bytes: 1, seconds }] };
  const manifest = dashManifest(aStream({ audio: [{ ...track, media }] }));
  expect(manifest).toContain(`mediaPresentationDuration="${told}"`);
  expect(manifest).toContain(`<Period id="0" start="PT0S" duration="${told}">`);
});

test("subtitles are files of their own", () => {
  const manifest = dashManifest(aStream({ subtitles: [aText("eng")] }));
  expect(manifest).toContain('<AdaptationSet contentType="text" mimeType="text/vtt" lang="eng">');
  expect(manifest).toContain("<BaseURL>subtitles-eng.vtt</BaseURL>");
});

test("a sheet of thumbnails is a segment as long as all its cells together", () => {
  const manifest = dashManifest(aStream({ thumbnails: someThumbnails() }));
  expect(manifest).toContain(
    '<SegmentTemplate media="thumbnails-$Number%03d$.jpg" duration="15" timescale="1" startNumber="1"/>',
  );
  expect(manifest).toContain('<Representation id="thumbnails" bandwidth="16000" width="480" height="90">');
  expect(manifest).toContain('thumbnail_tile" value="3x1"/>');
});

test("cbcs is told with the key's id, never the key, for pictures and sound alike", () => {
  const protection = {
    method: "cbcs" as const,
    keyUri: "https://keys.test/1",
    keyFormat: "identity",
    keyId: "00112233445566778899aabbccddeeff",
  };
  const manifest = dashManifest(aStream({ protection }));
  expect(
    manifest.match(/value="cbcs" cenc:default_KID="00112233-4455-6677-8899-aabbccddeeff"/g),
  ).toHaveLength(3);
  expect(dashManifest(aStream())).not.toContain("ContentProtection");
});
