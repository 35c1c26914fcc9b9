import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg } from "./clips.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/**
 * Sources that are broken, lie about what they are, or name other files: one worker takes them all, one after the
 * other, as it would in a folder somebody uploaded. Each gives a right output or a typed failure, and no other source
 * suffers; nothing is asked of the network, nothing partial is left.
 */

interface Case {
  name: string;
  file: string;
  make: (path: string) => void;
  /** The reasons one of which the source fails for; unset where an output is made. */
  reasons?: string[];
  frames?: number;
}

let workshop: Workshop;
let attempt: Attempt;
let server: Server;
let requests = 0;
const at = (name: string) => join(workshop.sources, name);
const plain = () => readFileSync(at("plain.mp4"));
const write = (path: string, content: Buffer | string) =>
  workshop.write(path.slice(workshop.sources.length + 1), content);
const port = () => (server.address() as AddressInfo).port;
const playlist = () =>
  `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:${port()}/a.ts\n#EXT-X-ENDLIST\n`;
const NOT_MEDIA = ["UnsupportedFormat", "SourceCorrupt"];
const from =
  (...list: string[]) =>
  (path: string) =>
    ffmpeg("-i", at("plain.mp4"), ...list, path);
const cutShort =
  (share: number, ...list: string[]) =>
  (path: string) => {
    from(...list)(path);
    const bytes = readFileSync(path);
    write(path, bytes.subarray(0, Math.floor(bytes.length * share)));
  };
/** Overwrites bytes `offset` after the first `marker`. */
const patched = (bytes: Buffer, marker: string, offset: number, value: Buffer) => {
  const changed = Buffer.from(bytes);
  const place = changed.indexOf(marker);
  if (place < 0) throw new Error(`there is no ${marker} to patch`);
  value.copy(changed, place + offset);
  return changed;
};

const CASES: Case[] = [
  {
    name: "a playlist with an address",
    file: "a.m3u8",
    make: (path) => write(path, playlist()),
    reasons: NOT_MEDIA,
  },
  { name: "a playlist named .ts", file: "b.ts", make: (path) => write(path, playlist()), reasons: NOT_MEDIA },
  {
    name: "an ffconcat list with an address",
    file: "c.mkv",
    make: (path) => write(path, `ffconcat version 1.0\nfile http://127.0.0.1:${port()}/a.mp4\n`),
    reasons: NOT_MEDIA,
  },
  {
    name: "an IMF composition",
    file: "d.mxf",
    make: (path) =>
      write(
        path,
        '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"/>',
      ),
    reasons: NOT_MEDIA,
  },
  {
    name: "an SVG with a link",
    file: "e.mp4",
    make: (path) =>
      write(
        path,
        `<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:${port()}/"/></svg>`,
      ),
    reasons: NOT_MEDIA,
  },
  {
    name: "a web page of an error",
    file: "f.mp4",
    make: (path) => write(path, "<!doctype html><title>404</title>"),
    reasons: NOT_MEDIA,
  },
  {
    name: "a zip archive",
    file: "g.mov",
    make: (path) => write(path, Buffer.from("504b0304140000000800", "hex")),
    reasons: NOT_MEDIA,
  },
  {
    name: "noise",
    file: "h.mkv",
    make: (path) =>
      write(
        path,
        Buffer.from(Array.from({ length: 40_000 }, (_, index) => (index * 7919 + (index >> 3)) % 251)),
      ),
    reasons: NOT_MEDIA,
  },
  {
    name: "nothing but the head of an MP4",
    file: "i.mp4",
    make: (path) => write(path, plain().subarray(0, 32)),
    reasons: ["SourceTruncated", ...NOT_MEDIA],
  },
  {
    name: "an MP4 whose index is noise",
    file: "j.mp4",
    make: (path) => write(path, patched(plain(), "moov", 8, Buffer.alloc(400, 0xa7))),
    reasons: ["SourceCorrupt", "NoVideoStream", "UnsupportedFormat"],
  },
  {
    name: "an MP4 box larger than the file",
    file: "k.mp4",
    make: (path) => write(path, patched(plain(), "moov", -4, Buffer.from([0x7f, 0xff, 0xff, 0xff]))),
    reasons: ["SourceTruncated", "SourceCorrupt"],
  },
  {
    name: "a QuickTime file cut short",
    file: "l.mov",
    make: cutShort(0.6, "-c", "copy"),
    reasons: ["SourceTruncated"],
  },
  {
    name: "a still picture with the name of a film",
    file: "m.mp4",
    make: (path) => from("-frames:v", "1", "-f", "mjpeg")(path),
    reasons: NOT_MEDIA,
  },
  {
    name: "text subtitles alone",
    file: "n.srt",
    make: (path) => write(path, "1\n00:00:00,000 --> 00:00:01,000\nHello\n"),
    reasons: NOT_MEDIA,
  },
  { name: "FLAC with nothing else", file: "o.flac", make: from("-vn"), reasons: ["NoVideoStream"] },
  {
    name: "a GIF that claims 65535 × 65535",
    file: "p.gif",
    make: (path) => {
      from("-frames:v", "2", "-vf", "scale=32:18")(path);
      write(path, patched(readFileSync(path), "GIF89a", 6, Buffer.alloc(4, 0xff)));
    },
    reasons: ["SourceTooLarge", "NoVideoStream"],
  },
  { name: "an AVI cut short", file: "q.avi", make: cutShort(0.7, "-c:v", "mpeg4", "-c:a", "mp3") },
  { name: "a transport stream cut in a packet", file: "r.ts", make: cutShort(0.701, "-c", "copy") },
  {
    name: "Flash video cut short",
    file: "s.flv",
    make: cutShort(0.7, "-c:v", "flv1", "-ar", "44100", "-c:a", "mp3"),
  },
  {
    name: "a duration of a month",
    file: "t.mp4",
    make: (path) => write(path, patched(plain(), "mvhd", 20, Buffer.from([0x7f, 0xff, 0xff, 0xf0]))),
    frames: 25,
  },
  {
    name: "a duration of nothing",
    file: "u.mp4",
    make: (path) => write(path, patched(plain(), "mvhd", 20, Buffer.alloc(4))),
    frames: 25,
  },
  {
    name: "an AVI of 0 frames a second",
    file: "v.avi",
    make: (path) => {
      from("-c:v", "mpeg4", "-an")(path);
      write(path, patched(readFileSync(path), "strh", 8 + 24, Buffer.alloc(4)));
    },
  },
  {
    name: "times that jump by an hour",
    file: "w.ts",
    make: (path) => {
      from("-c", "copy")(path);
      const [first, late] = [readFileSync(path), at("late.ts")];
      from("-c", "copy", "-output_ts_offset", "3600")(late);
      write(path, Buffer.concat([first, readFileSync(late)]));
    },
  },
  {
    name: "times that fall back",
    file: "x.ts",
    make: (path) => {
      from("-c", "copy")(path);
      const bytes = readFileSync(path);
      write(path, Buffer.concat([bytes, bytes]));
    },
  },
  {
    name: "an AVI with a playlist for subtitles",
    file: "y.avi",
    make: (path) => write(path, withPlaylist(path)),
    frames: 25,
  },
  { name: "gray pictures", file: "z.mkv", make: from("-c:v", "ffv1", "-pix_fmt", "gray"), frames: 25 },
  { name: "16 bits of RGB", file: "za.mkv", make: from("-c:v", "ffv1", "-pix_fmt", "gbrp16le"), frames: 25 },
  {
    name: "pictures with transparency",
    file: "zb.mov",
    make: from("-c:v", "qtrle", "-pix_fmt", "argb"),
    frames: 25,
  },
  {
    name: "pixels that are not square",
    file: "zc.mp4",
    make: from("-vf", "setsar=4/3", "-c:v", "libx264"),
    frames: 25,
  },
  {
    name: "sound that lasts three times as long",
    file: "zd.mkv",
    make: (path) =>
      ffmpeg(
        "-i",
        at("plain.mp4"),
        "-f",
        "lavfi",
        "-i",
        "sine=d=3",
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c:v",
        "copy",
        path,
      ),
    frames: 25,
  },
];

/** An AVI whose second stream is a subtitle that holds another file: what was once opened without a question. */
function withPlaylist(path: string): Buffer {
  from("-c:v", "mpeg4", "-c:a", "pcm_s16le")(path);
  const text = Buffer.from(playlist());
  const title = Buffer.from("a\0", "utf16le");
  const head = Buffer.alloc(7 + 4 + title.length + 6);
  head.write("GAB2\0", 0, "latin1");
  head.writeUInt16LE(2, 5);
  head.writeUInt32LE(title.length, 7);
  title.copy(head, 11);
  head.writeUInt16LE(4, 11 + title.length);
  head.writeUInt32LE(text.length, 13 + title.length);
  const asText = patched(readFileSync(path), "auds", 0, Buffer.from("txts"));
  return patched(asText, "01wb", 8, Buffer.concat([head, text]));
}

const sourceName = (file: string) => file.replace(".", "-");

beforeAll(async () => {
  workshop = new Workshop();
  server = createServer((_, response) => {
    requests += 1;
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  clip(at("plain.mp4"), { size: "160x90", seconds: 1, more: ["-movflags", "+faststart"] });
  for (const { file, make } of CASES) make(at(file));
  const volume = (path: string) => ({ claimName: "media", path });
  attempt = await workshop.attempt(
    "plain.mp4",
    { video: { preset: "ultrafast", height: 90, width: 160, fit: "contain" } },
    {
      out: "hostile",
      unit: {
        sources: [...CASES.map(({ file }) => file), "plain.mp4"].map((file) => ({
          name: sourceName(file),
          volume: volume(`in/${file}`),
        })),
        destination: { volume: volume("hostile"), template: "{source}.{ext}", onConflict: "Overwrite" },
      },
    },
  );
}, 120_000);
afterAll(() => {
  server.close();
  workshop.remove();
});

test.each(CASES)("$name", async ({ file, reasons, frames }) => {
  const name = sourceName(file);
  const failure = attempt.result.failures.find(({ source }) => source === name);
  if (reasons) {
    expect(reasons).toContain(failure?.reason);
    expect(failure?.class).toBe("input");
    expect(attempt.files).not.toContain(`${name}.mp4`);
    return;
  }
  expect(failure).toBeUndefined();
  const record = await probe(attempt.pathOf(`${name}.mp4`));
  expect(record.video[0]).toMatchObject({ codec: "h264", storedHeight: 90 });
  if (frames !== undefined) expect(record.video[0]?.frames).toBe(frames);
  else expect(record.video[0]?.frames).toBeGreaterThan(5);
});

test("the sound source among them is made, and nothing is left beside the outputs", () => {
  const made = CASES.filter(({ reasons }) => !reasons).map(({ file }) => `${sourceName(file)}.mp4`);
  expect(attempt.files).toEqual([...made, "plain-mp4.mp4"].toSorted());
});

test("nothing was asked of the network", () => expect(requests).toBe(0));
