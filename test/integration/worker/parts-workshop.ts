import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Unit } from "../../../crds/unit.ts";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg } from "./clips.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/** A video that is made whole, and in parts with these boundaries; `always` in `npm test`, else among the long ones. */
export interface PartCase {
  name: string;
  always: boolean;
  file: string;
  video: Record<string, unknown>;
  boundaries: number[];
}

export const PART_CASES: PartCase[] = [
  {
    name: "h264 with B-frames, of a source that starts late",
    always: true,
    file: "late.mkv",
    video: { preset: "fast" },
    boundaries: [1, 3],
  },
  {
    name: "h265 with B-frames",
    always: false,
    file: "plain.mp4",
    video: { codec: "h265", preset: "medium" },
    boundaries: [2.5],
  },
  {
    name: "vp9 in webm",
    always: false,
    file: "plain.mp4",
    video: { codec: "vp9", container: "webm" },
    boundaries: [3],
  },
  { name: "av1 in mp4", always: false, file: "plain.mp4", video: { codec: "av1" }, boundaries: [3] },
  {
    name: "prores",
    always: false,
    file: "ntsc.mov",
    video: { codec: "prores", preset: undefined, container: "mov" },
    boundaries: [2],
  },
  {
    name: "dnxhr in mkv",
    always: false,
    file: "ntsc.mov",
    video: { codec: "dnxhr", preset: undefined, container: "mkv", width: 320, enlarge: true },
    boundaries: [2],
  },
  {
    name: "NTSC's rate, cut between frames",
    always: false,
    file: "ntsc.mov",
    video: {},
    boundaries: [3.01],
  },
  {
    name: "a varying rate with sound that starts first",
    always: true,
    file: "varying.mkv",
    video: {},
    boundaries: [3.3],
  },
  { name: "an AVI", always: false, file: "old.avi", video: {}, boundaries: [2.5] },
  {
    name: "a rate made constant",
    always: false,
    file: "varying.mkv",
    video: { fps: 30 },
    boundaries: [3.3],
  },
  {
    name: "fewer frames, and filters that look at neighbours",
    always: true,
    file: "plain.mp4",
    video: { fps: 12.5, denoise: "Light", deinterlace: "Always" },
    boundaries: [2.3],
  },
];

/** Real workers that make long videos in parts, as units of one MediaJob, and join them. */
export class PartsWorkshop extends Workshop {
  #pairs = 0;

  constructor() {
    super();
    const at = (name: string) => join(this.sources, name);
    clip(at("plain.mp4"), { size: "160x90", seconds: 4 });
    clip(at("brief.mp4"), { size: "160x90", seconds: 2 });
    clip(at("ntsc.mov"), {
      size: "160x90",
      seconds: 4,
      rate: "30000/1001",
      more: ["-timecode", "10:00:00;00", "-metadata:s:v:0", "reel_name=A001C002"],
    });
    // Sound starts first, and frames come at unequal distances.
    ffmpeg(
      "-i",
      at("plain.mp4"),
      ...["-vf", "select=not(eq(mod(n\\,7)\\,3)),setpts=PTS+0.5/TB"],
      ...["-fps_mode", "vfr"],
      at("varying.mkv"),
    );
    ffmpeg("-i", at("plain.mp4"), ...["-output_ts_offset", "3.5", "-c", "copy"], at("late.mkv"));
    ffmpeg("-i", at("plain.mp4"), "-c", "copy", at("stream.ts"));
    ffmpeg("-i", at("plain.mp4"), "-c:v", "mpeg4", "-bf", "2", "-c:a", "mp3", at("old.avi"));
  }

  /** Makes an output in one piece, and in parts with these boundaries, each by a worker process of its own. */
  async both(
    file: string,
    video: Record<string, unknown>,
    boundaries: number[],
    joining: Partial<Unit> = {},
  ): Promise<{ whole: string; joined: string; attempt: Attempt }> {
    const output = { video: { preset: "ultrafast", ...video } };
    const out = `parts-${++this.#pairs}`;
    const starts = [0, ...boundaries];
    const [whole, ...parts] = await Promise.all([
      this.attempt(file, output),
      ...starts.map((startSeconds, index) => {
        const part = { index, count: starts.length, startSeconds, endSeconds: starts[index + 1] };
        return this.attempt(file, output, { out, unit: { name: `video-0-part-${index}`, part } });
      }),
    ]);
    expect(whole.result.failures).toEqual([]);
    for (const part of parts) {
      expect(part.result).toMatchObject({ failures: [], outputs: [], counts: { succeeded: 0, failed: 0 } });
      expect([part.exitCode, part.files]).toEqual([0, []]);
    }
    const joined = await this.attempt(file, output, {
      out,
      unit: { name: "video-0-join", join: { parts: starts.length }, ...joining },
    });
    expect(joined.result.failures).toEqual([]);
    expect(joined.files).toEqual(whole.files);
    expect(readdirSync(join(this.root, out, ".mediajob/uid-1/parts"))).toEqual([]);
    const [name = ""] = whole.files;
    return { whole: whole.pathOf(name), joined: joined.pathOf(name), attempt: joined };
  }

  /** What is joined is what one piece would be, but for what the encoder made of each frame. */
  async expectAlike({ file, video, boundaries }: PartCase): Promise<void> {
    const { whole, joined } = await this.both(file, video, boundaries);
    expect(shown(joined)).toEqual(shown(whole));
    const [record, expected] = await Promise.all([probe(joined), probe(whole)]);
    const { bytes: _, bitrate: __, video: [picture] = [], ...rest } = record;
    const { bytes: _b, bitrate: _r, video: [wantedPicture] = [], ...wanted } = expected;
    expect(rest).toEqual(wanted);
    expect({ ...picture, bitrate: 0 }).toEqual({ ...wantedPicture, bitrate: 0 });
  }
}

/** Time of each frame that is shown. */
export function shown(path: string): number[] {
  const list = ["-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time"];
  const { frames } = JSON.parse(
    execFileSync("ffprobe", [...list, "-of", "json", path], { encoding: "utf8" }),
  );
  return frames.map(({ pts_time }: { pts_time: string }) => Number(pts_time));
}
