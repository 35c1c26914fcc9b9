import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clip } from "./clips.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/** Ladders of HDR sources, kept as they are or mapped to SDR, and what their files and manifests say of it. */

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
  mkdirSync(join(workshop.root, "film"));
  writeFileSync(join(workshop.root, "film/key"), "8f14e45fceea167a5a36dedd4bea2543");
  for (const [name, transfer] of Object.entries({ pq: "smpte2084", hlg: "arib-std-b67" })) {
    const parameters = [
      `log-level=error:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc`,
      "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
      "max-cll=1000,400",
    ].join(":");
    clip(join(workshop.sources, `${name}.mp4`), {
      size: "160x90",
      video: [
        ...["-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast"],
        ...["-x265-params", parameters, "-tag:v", "hvc1"],
      ],
    });
  }
});
afterAll(() => workshop.remove());

const HEIGHTS = [66, 90];

async function stream(file: string, wish: Record<string, unknown>): Promise<Attempt> {
  const renditions = HEIGHTS.map((height) => ({ height, bitrateKbps: 200 }));
  const attempt = await workshop.attempt(
    file,
    { stream: { preset: "ultrafast", segmentSeconds: 1, ladder: "Explicit", renditions, ...wish } },
    { environment: { MEDIAJOB_SECRETS: JSON.stringify({ film: join(workshop.root, "film") }) } },
  );
  expect(attempt.result.failures).toEqual([]);
  return attempt;
}

const textOf = (attempt: Attempt, name: string) => readFileSync(attempt.pathOf(`made/${name}`), "utf8");

/** The first picture of a rendition, as ffprobe sees it. */
const picture = (attempt: Attempt, height: number) =>
  JSON.parse(
    execFileSync(
      "ffprobe",
      [
        ...["-v", "error", "-of", "json", "-read_intervals", "%+#1", "-show_frames", "-show_entries"],
        "stream=pix_fmt,color_transfer,color_primaries,color_space:frame=side_data_list",
        attempt.pathOf(`made/video-${height}p.mp4`),
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    ),
  );

const KEPT = [
  {
    name: "PQ kept in h265",
    source: "pq.mp4",
    wish: { codec: "h265" },
    expected: {
      range: "PQ",
      transfer: "smpte2084",
      number: 16,
      codecs: /^hvc1\.2\./,
      // of HEVC, whose pictures carry them; AV1's are told apart from the pictures
      frames: [
        {
          side_data_list: expect.arrayContaining([
            expect.objectContaining({
              side_data_type: "Mastering display metadata",
              max_luminance: "10000000/10000",
            }),
            expect.objectContaining({ side_data_type: "Content light level metadata", max_content: 1000 }),
          ]),
        },
      ],
    },
  },
  {
    name: "HLG kept in h265 and encrypted",
    source: "hlg.mp4",
    wish: {
      codec: "h265",
      encryption: { method: "cbcs", keySecretRef: { name: "film" }, keyUri: "https://keys.test/film" },
    },
    expected: { range: "HLG", transfer: "arib-std-b67", number: 18, codecs: /^hvc1\.2\./ },
  },
  {
    name: "PQ kept in av1",
    source: "pq.mp4",
    wish: { codec: "av1" },
    expected: {
      range: "PQ",
      transfer: "smpte2084",
      number: 16,
      codecs: /^av01\.0\.\d\dM\.10\.0\.11\d\.09\.16\.09\.0$/,
    },
  },
];

describe.each(KEPT)("$name", ({ source, wish, expected }) => {
  let attempt: Attempt;
  beforeAll(async () => {
    attempt = await stream(source, { dynamicRange: "Source", ...wish });
  });

  test("every rendition has ten bits, and its source's colour and grading", () => {
    for (const height of HEIGHTS) {
      expect(picture(attempt, height)).toMatchObject({
        streams: [
          {
            pix_fmt: "yuv420p10le",
            color_transfer: expected.transfer,
            color_primaries: "bt2020",
            color_space: "bt2020nc",
          },
        ],
        ...(expected.frames && { frames: expected.frames }),
      });
    }
  });

  test("the manifests and the heads of the files tell it", () => {
    const master = textOf(attempt, "master.m3u8");
    expect(master.match(/VIDEO-RANGE=\w+/g)).toEqual(Array(4).fill(`VIDEO-RANGE=${expected.range}`));
    expect(/CODECS="([^",]+)/.exec(master)?.[1]).toMatch(expected.codecs);
    const { number } = expected;
    expect(textOf(attempt, "manifest.mpd")).toContain(`cicp:TransferCharacteristics" value="${number}"`);
    const head = readFileSync(attempt.pathOf("made/video-66p.mp4")).subarray(0, 8000).toString("latin1");
    expect(head).toContain(`colrnclx\0\x09\0${String.fromCharCode(number)}\0\x09`);
  });
});

test("by default HDR becomes BT.709 in every rendition", async () => {
  const attempt = await stream("pq.mp4", { protocols: ["hls"] });
  for (const height of HEIGHTS) {
    expect(picture(attempt, height).streams).toMatchObject([
      { pix_fmt: "yuv420p", color_transfer: "bt709", color_primaries: "bt709", color_space: "bt709" },
    ]);
  }
  expect(textOf(attempt, "master.m3u8").match(/VIDEO-RANGE=\w+/g)).toEqual(Array(4).fill("VIDEO-RANGE=SDR"));
});
