import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clip } from "./clips.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/** What manifests say of a stream, held against what ffprobe finds in its files. */

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
});
afterAll(() => workshop.remove());

const H264 = ["-c:v", "libx264", "-preset", "ultrafast"];
/** 4:2:0 and ffmpeg's test picture have no odd sizes. */
const ODD = [...H264, "-pix_fmt", "yuv444p", "-vf", "scale=427:241,setsar=1"];

const CASES = [
  {
    name: "h264 of an NTSC source",
    source: { size: "640x360", rate: "30000/1001" },
    wish: {},
    expected: { sizes: ["426x240", "640x360"], fps: 30_000 / 1001, codec: /^avc1\.[0-9a-f]{6}$/ },
  },
  {
    name: "h265 of a portrait with few frames a second",
    source: { size: "240x426", rate: "12" },
    wish: {
      codec: "h265",
      ladder: "Explicit",
      renditions: [
        { height: 120, bitrateKbps: 150 },
        { height: 240, bitrateKbps: 400 },
      ],
    },
    expected: { sizes: ["120x214", "240x426"], fps: 12, codec: /^hvc1\.1\.[\dA-F]+\.L\d+/i },
  },
  {
    name: "av1 of an odd size",
    source: { rate: "25", video: ODD },
    wish: {
      codec: "av1",
      ladder: "Explicit",
      renditions: [
        { height: 120, bitrateKbps: 100 },
        { height: 241, bitrateKbps: 300 },
      ],
    },
    expected: { sizes: ["212x120", "426x240"], fps: 25, codec: /^av01\.0\.\d\dM\.08$/ },
  },
  {
    name: "h264 of a frame rate that varies",
    source: {
      size: "426x240",
      rate: "30",
      video: [
        ...H264,
        "-pix_fmt",
        "yuv420p",
        "-vf",
        "select='not(between(mod(n,20),5,11))'",
        "-fps_mode",
        "vfr",
      ],
    },
    wish: {
      ladder: "Explicit",
      renditions: [
        { height: 120, bitrateKbps: 150 },
        { height: 240, bitrateKbps: 400 },
      ],
    },
    expected: { sizes: ["214x120", "426x240"], fps: 30, codec: /^avc1\./ },
  },
];

describe.each(CASES)("$name", ({ name, source, wish, expected }) => {
  let made: Attempt;
  let video: Rendition[];
  const file = `${name.replaceAll(" ", "-")}.mp4`;
  beforeAll(async () => {
    clip(join(workshop.sources, file), { seconds: 5, ...source });
    made = await workshop.attempt(file, { stream: { preset: "ultrafast", segmentSeconds: 2, ...wish } });
    expect(made.result.failures).toEqual([]);
    video = variantsOf(text("master.m3u8")).map((variant) => ({ ...variant, ...measured(variant.uri) }));
  });

  const text = (file: string) => readFileSync(made.pathOf(`made/${file}`), "utf8");
  const measured = (playlist: string) => measure(made.pathOf(`made/${playlist.replace(".m3u8", ".mp4")}`));

  test("RESOLUTION, FRAME-RATE and CODECS are those of the files", () => {
    expect(video.map(({ attributes }) => attributes.RESOLUTION)).toEqual(expected.sizes);
    for (const { attributes, stream } of video) {
      expect(attributes.RESOLUTION).toBe(`${stream.width}x${stream.height}`);
      expect(Number(attributes["FRAME-RATE"])).toBeCloseTo(expected.fps, 3);
      expect(rateOf(stream.avg_frame_rate)).toBeCloseTo(expected.fps, 2);
      const [codec = ""] = (attributes.CODECS ?? "").split(",");
      expect(codec).toMatch(expected.codec);
      expect(levelOf(codec)).toBe(stream.level);
      expect(attributes["VIDEO-RANGE"]).toBe("SDR");
    }
  });

  test("bandwidths are what the files weigh", () => {
    const sound = measured("audio-0.m3u8");
    for (const { attributes, seconds, bytes, packetBytes } of video) {
      const average = (Number(attributes["AVERAGE-BANDWIDTH"]) * seconds) / 8;
      expect(average).toBeGreaterThan(packetBytes + sound.packetBytes * 0.98);
      expect(average).toBeLessThan(bytes + sound.bytes * 1.02);
      expect(Number(attributes.BANDWIDTH)).toBeGreaterThanOrEqual(Number(attributes["AVERAGE-BANDWIDTH"]));
    }
  });

  test("keyframes stand at the same moments in every rendition, and nowhere else", () => {
    const [first = []] = video.map(({ keyframes }) => keyframes);
    expect(first).toHaveLength(3);
    for (const [at, seconds] of first.entries()) {
      expect(seconds - at * 2).toBeGreaterThanOrEqual(-1e-3);
      expect(seconds - at * 2).toBeLessThan(1 / expected.fps);
    }
    for (const { keyframes } of video) expect(keyframes).toEqual(first);
  });

  test("DASH's duration is exact: its frames at its rate, or its sound where that ends later", () => {
    const [, declared] = /mediaPresentationDuration="PT([\d.]+)S"/.exec(text("manifest.mpd")) ?? [];
    const sound = measured("audio-0.m3u8");
    const ends = [(video[0]?.frames ?? 0) / expected.fps, sound.firstSeconds + sound.seconds];
    expect(Number(declared)).toBeCloseTo(Math.max(...ends), 5);
    const { seconds } = measure(join(workshop.sources, file));
    expect(Math.abs(Number(declared) - seconds)).toBeLessThan(1.5 / expected.fps);
  });
});

type Rendition = ReturnType<typeof variantsOf>[number] & ReturnType<typeof measure>;

/** The variants with pictures, each with its attributes as they are written. */
function variantsOf(master: string) {
  return [...master.matchAll(/#EXT-X-STREAM-INF:(.*)\n(video-.*)/g)].map(([, list = "", uri = ""]) => ({
    uri,
    attributes: Object.fromEntries(
      [...list.matchAll(/([A-Z-]+)=("[^"]*"|[^,]*)/g)].map(([, key, value]) => [
        key,
        value?.replaceAll('"', ""),
      ]),
    ) as Record<string, string>,
  }));
}

function measure(path: string) {
  const { streams, packets } = JSON.parse(
    execFileSync(
      "ffprobe",
      [
        ...["-v", "error", "-of", "json", "-show_entries", "packet=pts_time,size,flags"],
        ...["-show_entries", "stream=width,height,avg_frame_rate,level,duration", path],
      ],
      { encoding: "utf8", maxBuffer: 2 ** 26 },
    ),
  ) as { streams: Probed[]; packets: { pts_time: string; size: string; flags: string }[] };
  const [stream] = streams;
  if (!stream) throw new Error(`${path} has no stream`);
  return {
    stream,
    frames: packets.length,
    firstSeconds: Number(packets[0]?.pts_time), // below 0 where an encoder's delay comes before the sound
    seconds: Number(stream.duration),
    bytes: statSync(path).size,
    packetBytes: packets.reduce((sum, { size }) => sum + Number(size), 0),
    keyframes: packets.filter(({ flags }) => flags.startsWith("K")).map(({ pts_time }) => Number(pts_time)),
  };
}

interface Probed {
  width: number;
  height: number;
  avg_frame_rate: string;
  level: number;
  duration: string;
}

const rateOf = (text: string): number => {
  const [num = 0, den = 1] = text.split("/").map(Number);
  return num / den;
};

/** The level as ffprobe numbers it: 31 is 3.1 of H.264, 93 is 3.1 of HEVC, 0 is 2.0 of AV1. */
function levelOf(codec: string): number {
  if (codec.startsWith("avc1")) return Number.parseInt(codec.slice(-2), 16);
  if (codec.startsWith("hvc1")) return Number(/\.L(\d+)/.exec(codec)?.[1]);
  return Number(/^av01\.\d\.(\d\d)/.exec(codec)?.[1]);
}
